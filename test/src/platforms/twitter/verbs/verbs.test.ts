import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { activityOf, xAccount } from "../../../../support/x-account.ts";

let x: Awaited<ReturnType<typeof xAccount>>;
let bob: Awaited<ReturnType<typeof x.open>>;
beforeEach(async () => {
  x = await xAccount();
  bob = await x.open();
});
afterEach(() => x.stop());

const endpoints = () => x.server.asked.map(({ endpoint, status }) => `${status} ${endpoint}`);
const png = Buffer.concat([Buffer.from("\u0089PNG\r\n\u001a\n", "latin1"), Buffer.alloc(1_200_000, 7)]);
const mp4 = Buffer.concat([Buffer.from("\0\0\0\u0018ftypmp42", "latin1"), Buffer.alloc(100)]);
const attachment = { name: "picture", url: "https://example.org/picture" };

describe("post", () => {
  it("posts, and says under which id and where", async () => {
    const receipt = await bob("post", { object: { body: "Grüße & <Küsse> 🐝" } });
    const [post] = x.server.posts;
    expect(post).toMatchObject({ author: "12", text: "Grüße & <Küsse> 🐝" });
    expect(receipt).toEqual({
      outcomes: [{ address: "public", status: "sent", id: post?.id }],
      object: { id: post?.id, url: `https://x.com/i/status/${post?.id}` },
    });
    expect(endpoints()).toEqual(["201 POST /2/tweets"]);
  });

  it("needs no target", async () => {
    expect(await bob("post", { target: [] })).toMatchObject({ outcomes: [], object: { id: expect.any(String) } });
  });

  it("answers and quotes by id or address", async () => {
    const id = x.server.addPost("34", "What do you think, @bob?");
    await bob("post", { object: { body: "Fine", inReplyTo: `https://x.com/alice/status/${id}?s=20`, quote: id } });
    expect(x.server.posts.at(-1)?.references).toEqual([
      { type: "replied_to", id },
      { type: "quoted", id },
    ]);
  });

  it("uploads pictures in chunks, and posts them", async () => {
    const attachments = async () => [{ name: "a.png", content: png }];
    await bob("post", { object: { body: "Look", attachments: [attachment] } }, { attachments });
    const [[id, file] = []] = [...x.server.media];
    expect(file).toMatchObject({ type: "image/png", category: "tweet_image", total: png.length });
    expect(file?.chunks.map(({ length }) => length)).toEqual([1_048_576, png.length - 1_048_576]);
    expect(Buffer.concat(file?.chunks ?? []).equals(png)).toBe(true);
    expect(x.server.posts[0]?.media).toEqual([id]);
  });

  it("waits until X has worked on a video", async () => {
    const attachments = async () => [{ name: "a.mp4", content: mp4 }];
    await bob("post", { object: { attachments: [attachment] } }, { attachments });
    expect(endpoints().slice(-2)).toEqual(["200 GET /2/media/upload", "201 POST /2/tweets"]);
  });

  it.each([
    ["text", "content-refused", [Buffer.from("Hello")]],
    ["a picture above 5 MB", "content-too-large", [Buffer.concat([png, Buffer.alloc(4_000_000)])]],
    ["a GIF beside a picture", "content-refused", [png, Buffer.from("GIF89a…")]],
  ])("refuses %s as media before anything is sent", async (_, code, contents) => {
    const attachments = async () => contents.map((content) => ({ name: "a", content }));
    const commit = () => Promise.reject(new Error("never asked"));
    const thrown = await bob("post", { object: { attachments: [attachment] } }, { attachments, commit }).catch(
      (e) => e,
    );
    expect(thrown).toMatchObject({ kind: "permanent", code });
    expect(x.server.asked).toEqual([]);
  });
});

describe("send", () => {
  it("writes to people by name and by id, and into conversations", async () => {
    const target = [{ address: "@Alice" }, { address: "56" }, { address: "conversation:12-34" }];
    const { outcomes, object } = await bob("send", { target, object: { body: "Hello" } });
    expect(x.server.messages.map(({ conversation, from, text }) => [conversation, from, text])).toEqual([
      ["12-34", "12", "Hello"],
      ["12-56", "12", "Hello"],
      ["12-34", "12", "Hello"],
    ]);
    expect(outcomes).toEqual(
      target.map(({ address }, at) => ({ address, status: "sent", id: x.server.messages[at]?.id })),
    );
    expect(object).toEqual({ conversations: ["conversation:12-34", "conversation:12-56", "conversation:12-34"] });
  });

  it("asks for a name once", async () => {
    await bob("send");
    await bob("send");
    expect(endpoints().filter((one) => one.includes("username"))).toHaveLength(1);
  });

  it("says for each target what became of it", async () => {
    const target = [{ address: "@nobody" }, { address: "@alice" }, { address: "999" }];
    const { outcomes } = await bob("send", { target });
    expect(outcomes).toMatchObject([
      { address: "@nobody", status: "failed", error: { code: "recipient-unknown", retryable: false } },
      { address: "@alice", status: "sent" },
      { address: "999", status: "failed", error: { code: "recipient-not-reachable", retryable: false } },
    ]);
  });

  it("repeats no target that is decided", async () => {
    const target = [{ address: "@alice" }, { address: "@carol" }];
    const { outcomes } = await bob("send", { target }, { pending: [1] });
    expect(outcomes).toMatchObject([{ address: "@carol", status: "sent" }]);
    expect(x.server.messages).toHaveLength(1);
  });
});

describe("what is done with posts and people", () => {
  it("is done and taken back", async () => {
    const id = x.server.addPost("34", "A post");
    const target = [{ address: id }];
    await bob("share", { target });
    await bob("react", { target });
    await bob("follow", { target: [{ address: "@alice" }] });
    expect(x.server.posts.at(-1)?.references).toEqual([{ type: "retweeted", id }]);
    expect([[...x.server.likes], [...x.server.follows]]).toEqual([[`12 ${id}`], ["12 34"]]);
    await bob("unshare", { target });
    await bob("unreact", { target });
    await bob("unfollow", { target: [{ address: "34" }] });
    expect([x.server.posts.length, x.server.likes.size, x.server.follows.size]).toEqual([1, 0, 0]);
  });

  it("deletes own posts and messages, and others' never", async () => {
    const own = x.server.addPost("12", "Mine");
    const theirs = x.server.addPost("34", "Hers");
    const message = x.server.addMessage("12", "12-34", "Hi");
    const target = [{ address: own }, { address: theirs }, { address: `message:${message}` }];
    const { outcomes } = await bob("delete", { target });
    expect(outcomes).toMatchObject([
      { status: "sent", id: own },
      { status: "failed", error: { code: "recipient-unknown" } },
      { status: "sent", id: message },
    ]);
    expect([x.server.posts.length, x.server.messages.length]).toEqual([1, 0]);
  });

  it("that a post is gone already is what a second try wanted", async () => {
    const target = [{ address: "1900000000000000001" }];
    expect((await bob("delete", { target }, { attempt: 2 })).outcomes[0]?.status).toBe("sent");
  });
});

describe("fetch", () => {
  it("reads mentions, threads, timelines and messages in one shape", async () => {
    const id = x.server.addPost("34", "Hello @bob & <all>");
    x.server.addPost("56", "Nothing to see");
    const message = x.server.addMessage("34", "12-34", "Psst");
    const target = ["mentions", `thread:${id}`, "@carol", "home", "messages", "messages:@alice", "conversation:12-34"];
    const { object } = await bob("fetch", { target: target.map((address) => ({ address })), object: { limit: 5 } });
    const collections = object?.collections as Array<{ address: string; items: Array<{ id: string }>; more: boolean }>;
    expect(collections.map(({ address }) => address)).toEqual(target);
    expect(collections.map(({ items }) => items.length)).toEqual([1, 1, 1, 2, 1, 1, 1]);
    expect(collections[0]?.items[0]).toEqual({
      verb: "post",
      actor: { address: "@alice", id: "34", name: "Alice" },
      object: { type: "message", id, body: "Hello @bob & <all>" },
      context: { type: "thread", id },
      id,
      published: expect.stringMatching(/Z$/),
      self: false,
    });
    expect(collections[5]?.items[0]).toMatchObject({
      verb: "send",
      id: message,
      object: { body: "Psst" },
      context: { type: "direct", id: "conversation:12-34" },
    });
  });

  it("keeps to a limit and to ids, and says that there is more", async () => {
    const ids = Array.from({ length: 30 }, (_, at) => x.server.addPost("34", `@bob ${at}`));
    const object = { limit: 7, after: String(ids[2]), before: String(ids[20]) };
    const { object: result } = await bob("fetch", { object });
    const [one] = (result?.collections ?? []) as ReadonlyArray<{
      readonly items: ReadonlyArray<{ id: string }>;
      more: boolean;
    }>;
    expect(one?.items.map(({ id }) => id)).toEqual(ids.slice(13, 20).reverse());
    expect(one?.more).toBe(true);
  });
});

describe("search", () => {
  it("finds people in the shape of every search", async () => {
    const { object } = await bob("search", { target: [{ address: "ali" }], object: { type: "person" } });
    expect(object).toEqual({
      results: [
        {
          address: "ali",
          subject: "@alice",
          aliases: ["34", "https://x.com/alice"],
          links: [{ rel: "http://webfinger.net/rel/profile-page", type: "text/html", href: "https://x.com/alice" }],
          properties: {},
          name: "Alice",
        },
      ],
    });
  });

  it("finds posts", async () => {
    const id = x.server.addPost("34", "A dragoman speaks");
    const { object } = await bob("search", { target: [{ address: "dragoman" }], object: {} });
    expect(object).toMatchObject({
      results: [{ subject: `https://x.com/alice/status/${id}`, properties: { text: "A dragoman speaks" } }],
    });
  });
});

it("query says who the account is and what is left of its limits", async () => {
  await bob("post");
  const { object } = await bob("query", { target: [{ address: "me" }, { address: "limits" }] });
  expect(object).toMatchObject({
    me: { subject: "@bob", aliases: ["12", "https://x.com/bob"] },
    limits: [{ endpoint: "POST tweets", limit: 900, remaining: 899, reset: expect.stringMatching(/Z$/) }],
  });
});

describe("what X would refuse is refused before", () => {
  const bytes = (size: number) => Buffer.alloc(size).toString("base64");
  it.each([
    ["post", { body: "a".repeat(281) }, "/object/body"],
    ["post", { body: "語".repeat(141) }, "/object/body"],
    ["post", { attachments: [{ name: "a", mediaType: "text/plain", content: "" }] }, "/object/attachments/0/mediaType"],
    [
      "post",
      { attachments: [{ name: "a", mediaType: "image/png", content: bytes(5_100_000) }] },
      "/object/attachments/0/content",
    ],
    [
      "post",
      {
        attachments: [
          { name: "a", mediaType: "image/png" },
          { name: "b", mediaType: "video/mp4" },
        ],
      },
      "/object/attachments/1",
    ],
    ["send", { attachments: [{ name: "a" }, { name: "b" }] }, "/object/attachments"],
  ])("%s %#", (verb, object, pointer) => {
    expect(x.platform.validate?.(verb, activityOf(x.platform, verb, { object }))).toMatchObject({
      code: "validation-failed",
      pointer,
    });
  });

  it("a query for people that X does not take", () => {
    const target = [{ address: "bob" }, { address: "bob@example.org" }];
    const refused = x.platform.validate?.(
      "search",
      activityOf(x.platform, "search", { target, object: { type: "person" } }),
    );
    expect(refused?.pointer).toBe("/target/1/address");
  });

  it("and nothing else", () => {
    for (const body of [
      "a".repeat(280),
      `${"a".repeat(256)} https://example.org/${"b".repeat(400)}`,
      "👩‍👩‍👧‍👦".repeat(140),
    ]) {
      expect(x.platform.validate?.("post", activityOf(x.platform, "post", { object: { body } }))).toBeUndefined();
    }
  });
});
