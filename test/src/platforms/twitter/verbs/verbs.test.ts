import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { validationErrors } from "../../../../../src/model/validate.ts";
import { activityOf, xAccount } from "../../../../support/x-account.ts";

let x: Awaited<ReturnType<typeof xAccount>>;
let bob: Awaited<ReturnType<typeof x.open>>;
beforeEach(async () => {
  x = await xAccount();
  bob = await x.open();
});
afterEach(() => x.stop());

const endpoints = () => x.server.exchanges.map(({ endpoint, status }) => `${status} ${endpoint}`);
const png = Buffer.concat([Buffer.from("\u0089PNG\r\n\u001a\n", "latin1"), Buffer.alloc(1_200_000, 7)]);
const mp4 = Buffer.concat([Buffer.from("\0\0\0\u0018ftypmp42", "latin1"), Buffer.alloc(100)]);
const attachment = { name: "picture", url: "https://example.org/picture" };

describe("post", () => {
  it("posts, and returns the id and address", async () => {
    const receipt = await bob("post", { object: { body: "Grüße & <Küsse> 🐝" } });
    const [post] = x.server.posts;
    expect(post).toMatchObject({ author: "12", text: "Grüße & <Küsse> 🐝" });
    expect(receipt).toEqual({
      outcomes: [{ address: "public", status: "sent", id: post?.id }],
      object: { id: post?.id, url: `https://x.com/i/status/${post?.id}` },
    });
    expect(endpoints()).toEqual(["201 POST /2/tweets"]);
  });

  it("carries HTML and Markdown as plain text, or the body that is given beside", async () => {
    await bob("post", { object: { html: '<p>See <b>this</b> <a href="https://a.example/">page</a></p>' } });
    await bob("post", { object: { markdown: "**This** too" } });
    await bob("post", { object: { body: "Plain words", html: "<b>Rich</b> words" } });
    expect(x.server.posts.map(({ text }) => text)).toEqual([
      "See this page (https://a.example/)",
      "This too",
      "Plain words",
    ]);
  });

  it("needs no target", async () => {
    expect(await bob("post", { target: [] })).toMatchObject({ outcomes: [], object: { id: expect.any(String) } });
  });

  it("answers and quotes by id or address", async () => {
    const id = x.server.addPost("34", "What do you think, @bob?");
    await bob("post", { object: { body: "Fine", inReplyTo: `https://x.com/alice/status/${id}?s=20`, quotes: id } });
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

  it("waits until X has processed a video", async () => {
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
    expect(x.server.exchanges).toEqual([]);
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
    expect(object).toEqual({
      twitter: { conversations: ["conversation:12-34", "conversation:12-56", "conversation:12-34"] },
    });
  });

  it("looks a name up once", async () => {
    await bob("send");
    await bob("send");
    expect(endpoints().filter((endpoint) => endpoint.includes("username"))).toHaveLength(1);
  });

  it("returns an outcome for each target", async () => {
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

describe("toggles", () => {
  it("are set and undone, by the post's id or address and by the person", async () => {
    const id = x.server.addPost("34", "A post");
    const object = { id: `https://x.com/alice/status/${id}` };
    await bob("share", { object });
    expect(await bob("react", { target: [{ address: `thread:${id}` }], object })).toEqual({
      outcomes: [{ address: `thread:${id}`, status: "sent", id }],
      object: { id },
    });
    await bob("follow", { target: [{ address: "@alice" }] });
    expect(x.server.posts.at(-1)?.references).toEqual([{ type: "retweeted", id }]);
    expect([[...x.server.likes], [...x.server.follows]]).toEqual([[`12 ${id}`], ["12 34"]]);
    await bob("unshare", { object });
    await bob("unreact", { object: { id } });
    await bob("unfollow", { target: [{ address: "34" }] });
    expect([x.server.posts.length, x.server.likes.size, x.server.follows.size]).toEqual([1, 0, 0]);
  });
});

describe("delete", () => {
  it("deletes own posts without a target and messages by their conversation", async () => {
    const own = x.server.addPost("12", "Mine");
    const message = x.server.addMessage("12", "12-34", "Hi");
    expect(await bob("delete", { target: [], object: { id: own } })).toEqual({ outcomes: [], object: { id: own } });
    const target = [{ address: "conversation:12-34" }];
    expect((await bob("delete", { target, object: { id: message } })).outcomes).toEqual([
      { address: "conversation:12-34", status: "sent", id: message },
    ]);
    expect([x.server.posts.length, x.server.messages.length]).toEqual([0, 0]);
  });

  it("deletes nobody else's posts", async () => {
    const object = { id: x.server.addPost("34", "Hers") };
    await expect(bob("delete", { object })).rejects.toMatchObject({ code: "recipient-unknown" });
    expect(x.server.posts).toHaveLength(1);
  });

  it("counts a post that is gone as deleted on attempt 2", async () => {
    const target = [{ address: "public" }];
    const { outcomes } = await bob("delete", { target, object: { id: "1900000000000000001" } }, { attempt: 2 });
    expect(outcomes).toEqual([{ address: "public", status: "sent" }]);
  });
});

interface Page {
  readonly items: ReadonlyArray<{ readonly id: string }>;
  readonly next?: string;
  readonly previous?: string;
}

describe("fetch", () => {
  it("reads mentions, threads, timelines and messages as a collection of collections", async () => {
    const id = x.server.addPost("34", "Hello @bob & <all>");
    x.server.addPost("56", "Nothing to see");
    const message = x.server.addMessage("34", "12-34", "Psst");
    const target = ["mentions", `thread:${id}`, "@carol", "home", "messages", "messages:@alice", "conversation:12-34"];
    const { object } = await bob("fetch", { target: target.map((address) => ({ address })), object: { limit: 5 } });
    expect(object?.type).toBe("collection");
    const collections = object?.items as ReadonlyArray<Page & { readonly address: string }>;
    expect(collections.map(({ address }) => address)).toEqual(target);
    expect(collections.map(({ items }) => items.length)).toEqual([1, 1, 1, 2, 1, 1, 1]);
    expect(collections[0]?.items[0]).toEqual({
      verb: "post",
      actor: { address: "@alice", id: "34", name: "Alice" },
      object: { type: "message", id, body: "Hello @bob & <all>" },
      context: { type: "thread", id: `thread:${id}` },
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

  it("reads posts page by page with `next`, and newer ones with `previous`", async () => {
    const ids = Array.from({ length: 15 }, (_, index) => x.server.addPost("34", `@bob ${index}`)).reverse();
    const read = async (object: object) =>
      (await bob("fetch", { object: { limit: 7, ...object } })).object as unknown as Page;
    const first = await read({});
    const second = await read({ after: first.next });
    const third = await read({ after: second.next });
    const pages = [first, second, third].map(({ items }) => items.map(({ id }) => id));
    expect(pages).toEqual([ids.slice(0, 7), ids.slice(7, 14), ids.slice(14)]);
    expect([first.previous, third.next]).toEqual([`newer:${ids[0]}`, undefined]);
    const newest = x.server.addPost("34", "@bob again");
    expect((await read({ before: first.previous })).items.map(({ id }) => id)).toEqual([newest]);
  });

  it("reads messages page by page with `next`", async () => {
    const ids = Array.from({ length: 5 }, (_, index) => x.server.addMessage("34", "12-34", `${index}`)).reverse();
    const read = async (object: object) => {
      const target = [{ address: "messages:@alice" }];
      return (await bob("fetch", { target, object: { limit: 2, ...object } })).object as unknown as Page;
    };
    const first = await read({});
    const second = await read({ after: first.next });
    const third = await read({ after: second.next });
    expect([first, second, third].flatMap(({ items }) => items.map(({ id }) => id))).toEqual(ids);
    expect(third.next).toBeUndefined();
  });
});

describe("search", () => {
  it("finds people as persons", async () => {
    const { object } = await bob("search", { target: [{ address: "ali" }], object: { type: "person" } });
    expect(object).toEqual({
      type: "collection",
      items: [{ type: "person", address: "@alice", id: "34", name: "Alice", url: "https://x.com/alice" }],
    });
  });

  it("finds posts as activities", async () => {
    const id = x.server.addPost("34", "A dragoman speaks");
    const { object } = await bob("search", { target: [{ address: "dragoman" }], object: {} });
    expect(object).toMatchObject({
      type: "collection",
      items: [{ verb: "post", id, actor: { address: "@alice" }, object: { body: "A dragoman speaks" } }],
    });
  });
});

describe("query", () => {
  it("reads the account itself without a target, and others by name or id", async () => {
    expect((await bob("query", { target: [], object: { type: "person" } })).object).toMatchObject({
      type: "collection",
      items: [{ address: "@bob", id: "12", url: "https://x.com/bob" }],
    });
    const { object } = await bob("query", { target: [{ address: "34" }, { address: "@carol" }] });
    expect(object).toMatchObject({
      type: "collection",
      items: [
        { address: "34", items: [{ address: "@alice" }] },
        { address: "@carol", items: [{ address: "@carol", id: "56" }] },
      ],
    });
  });

  it("reads the rate limits that X's answers named", async () => {
    await bob("post");
    const { object } = await bob("query", { target: [], object: { type: "limits" } });
    expect(object).toMatchObject({
      twitter: {
        limits: [{ endpoint: "POST tweets", limit: 900, remaining: 899, reset: expect.stringMatching(/Z$/) }],
      },
    });
  });
});

describe("old spellings", () => {
  const post = "1900000000000000001";
  it.each([
    ["react", { target: [{ address: post }], object: { content: "like" } }, /id/],
    ["share", { target: [{ address: post }], object: {} }, /id/],
    ["delete", { target: [{ address: post }], object: {} }, /id/],
    ["delete", { target: [{ address: `message:${post}` }], object: { id: post } }, /conversation/],
    ["fetch", { object: { after: post } }, /`next`/],
    ["fetch", { object: { before: post } }, /`previous`/],
    ["query", { target: [{ address: "me" }], object: {} }, /type/],
  ])("%s refuses %j and names the new spelling", (verb, fields, detail) => {
    const { schema, example } = x.platform.verbs[verb] ?? {};
    const errors = validationErrors(schema ?? {}, { ...Object(example), ...fields });
    expect(errors.map((error) => `${error.pointer} ${error.detail}`).join()).toMatch(detail);
  });

  it("post names `quotes` for `quote`", () => {
    expect(x.platform.verbs.post?.renamed).toEqual({ "/object/quote": "object.quotes" });
  });
});

describe("the schemas refuse before a request", () => {
  const bytes = (size: number) => Buffer.alloc(size).toString("base64");
  it.each([
    ["post", { body: "a".repeat(281) }, "/object/body"],
    ["post", { body: "語".repeat(141) }, "/object/body"],
    ["post", { html: `<p>${"a".repeat(281)}</p>` }, "/object/html"],
    ["send", { markdown: "a".repeat(10_001) }, "/object/markdown"],
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

  it("a query for people that X does not accept", () => {
    const target = [{ address: "bob" }, { address: "bob@example.org" }];
    const refused = x.platform.validate?.(
      "search",
      activityOf(x.platform, "search", { target, object: { type: "person" } }),
    );
    expect(refused?.pointer).toBe("/target/1/address");
  });

  it("accept everything that X accepts", () => {
    for (const body of [
      "a".repeat(280),
      `${"a".repeat(256)} https://example.org/${"b".repeat(400)}`,
      "👩‍👩‍👧‍👦".repeat(140),
    ]) {
      expect(x.platform.validate?.("post", activityOf(x.platform, "post", { object: { body } }))).toBeUndefined();
    }
  });
});
