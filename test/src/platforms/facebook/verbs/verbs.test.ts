import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { validationErrors } from "../../../../../src/model/validate.ts";
import type { Receipt, VerbContext } from "../../../../../src/platform/platform.ts";
import { objectIssues } from "../../../../../src/platform/vocabulary/check.ts";
import { facebook } from "../../../../../src/platforms/facebook/platform.ts";
import {
  ANN,
  BEN,
  type FacebookFault,
  facebookSimulator,
  graphError,
  LOGIN,
  PAGE,
} from "../../../../support/facebook-simulator.ts";
import { loopbackEgress } from "../../../../support/loopback-egress.ts";
import { runOnce } from "../../../../support/run-verb.ts";
import { testMailActivity } from "../../../../support/verb-context.ts";

let server: Awaited<ReturnType<typeof facebookSimulator>>;
const egress = loopbackEgress();
beforeEach(async () => {
  server = await facebookSimulator();
});
afterEach(() => server.stop());

const POST = `${PAGE}_77`;
function run(
  verb: string,
  to: readonly string[],
  object: object,
  overrides: Partial<VerbContext> = {},
): Promise<Receipt> {
  const target = to.map((address) => ({ address }));
  const activity = testMailActivity({
    platform: "facebook",
    verb,
    actor: { address: PAGE },
    target,
    object: { ...object },
  });
  const platform = facebook({ facebookApi: server.url });
  const verbs = platform.verbs[verb];
  const { actor } = activity;
  expect(validationErrors(verbs?.schema ?? {}, { actor, target, object })).toEqual([]);
  return runOnce(platform, activity, { credentials: LOGIN, egress, ...overrides });
}

describe("messages", () => {
  it("carry HTML and Markdown as plain text", async () => {
    server.wrote(ANN);
    await run("send", [ANN], { html: '<p>See <b>our</b> <a href="https://a.example/">site</a></p>' });
    await run("post", ["public"], { markdown: "**Open** on\n\n- Sunday\n- Monday" });
    expect(server.calls.map(({ body }) => body)).toMatchObject([
      { message: { text: "See our site (https://a.example/)" } },
      { message: "Open on\n\n- Sunday\n- Monday" },
    ]);
  });

  it("are sent to each person within the window, each with its own outcome", async () => {
    server.wrote(ANN);
    server.wrote(BEN, 25 * 3_600_000);
    const { outcomes } = await run("send", [ANN, BEN, "1"], { body: "Hi", inReplyTo: "m_1" });
    expect(outcomes).toMatchObject([
      { address: ANN, status: "sent", id: "m_out1" },
      {
        address: BEN,
        status: "failed",
        error: { code: "outside-window", platformCode: "code 10/2018278 trace AbCdEf123" },
      },
      { address: "1", status: "failed", error: { code: "recipient-unknown", retryable: false } },
    ]);
    expect(server.calls[0]?.body).toMatchObject({
      messaging_type: "RESPONSE",
      reply_to: { mid: "m_1" },
      message: { text: "Hi", metadata: expect.stringMatching(/^dragoman:app1:01TEST/) },
    });
  });

  it("with the HUMAN_AGENT tag are sent for seven days, with an attachment or buttons", async () => {
    server.wrote(BEN, 25 * 3_600_000);
    const url = "https://example.com/a.pdf";
    const facebook = { tag: "HUMAN_AGENT" };
    const buttons = [{ title: "This" }, { title: "That", value: "that-1" }];
    for (const object of [{ attachments: [{ url }] }, { body: "Which?", buttons }])
      expect((await run("send", [BEN], { ...object, facebook })).outcomes).toMatchObject([{ status: "sent" }]);
    expect(server.sent.map(({ message }) => message)).toMatchObject([
      { attachment: { type: "file", payload: { url } } },
      {
        text: "Which?",
        quick_replies: [
          { content_type: "text", title: "This", payload: "This" },
          { content_type: "text", title: "That", payload: "that-1" },
        ],
      },
    ]);
  });

  it.each([
    ["https://example.com/a.PNG", undefined, "image"],
    ["https://example.com/a.mp4?x=1", undefined, "video"],
    ["https://example.com/a", "audio/ogg", "audio"],
    ["https://example.com/a.png", "application/zip", "file"],
    ["https://example.com/", undefined, "file"],
  ])("name %s as %s: %s", async (url, mediaType, type) => {
    server.wrote(ANN);
    await run("send", [ANN], { attachments: [{ url, ...(mediaType === undefined ? {} : { mediaType }) }] });
    expect(server.sent[0]?.message.attachment).toMatchObject({ type });
  });

  it("are preceded by typing and marked as read by sender actions", async () => {
    server.wrote(ANN);
    await run("typing", [ANN], {});
    await run("typing", [ANN], { state: "paused" });
    await run("read", [ANN], {});
    expect(server.calls.map(({ body }) => body.sender_action)).toEqual(["typing_on", "typing_off", "mark_seen"]);
    expect(server.calls.every(({ body }) => body.message === undefined)).toBe(true);
  });
});

describe("posts and comments", () => {
  it("are published, answered, changed, liked and deleted by their ids", async () => {
    const receipt = await run("post", [], { body: "Hello", url: "https://example.com/" });
    const id = String(receipt.object?.id);
    expect(receipt).toMatchObject({ outcomes: [], object: { url: `https://www.facebook.com/${id}` } });
    expect(server.calls[0]?.body).toEqual({ message: "Hello", link: "https://example.com/" });
    const comment = String((await run("post", [], { body: "First!", inReplyTo: id })).object?.id);
    expect(server.calls[1]).toMatchObject({ path: `${id}/comments`, body: { message: "First!" } });
    await run("update", [], { id, body: "Hello all" });
    await run("react", [], { id, content: "like" });
    expect((await run("react", [id], { id: comment })).outcomes).toEqual([
      { address: id, status: "sent", id: comment },
    ]);
    await run("unreact", [], { id: comment });
    expect([...server.likes]).toEqual([id]);
    expect(server.things.get(id)?.message).toBe("Hello all");
    const { object = {} } = await run("fetch", ["feed", id], { limit: 5 });
    expect(object).toMatchObject({
      type: "collection",
      items: [
        { address: "feed", items: [{ verb: "post", id, self: true, object: { body: "Hello all" } }] },
        {
          address: id,
          items: [{ verb: "post", id: comment, context: { type: "thread", id }, object: { inReplyTo: id } }],
        },
      ],
    });
    expect(objectIssues(["facebook"], object)).toEqual([]);
    for (const each of [comment, id]) await run("delete", [], { id: each });
    expect(server.things.size).toBe(0);
    expect(server.calls.some(({ query }) => query.has("access_token"))).toBe(false);
  });

  it("may hold a photo or, in a comment, a picture", async () => {
    const attachments = [{ url: "https://example.com/us.jpg" }];
    const { object } = await run("post", ["public"], { body: "Us", attachments });
    expect(server.calls[0]).toMatchObject({
      path: `${PAGE}/photos`,
      body: { url: "https://example.com/us.jpg", caption: "Us" },
    });
    expect(object?.id).toMatch(new RegExp(`^${PAGE}_`));
    await run("post", [], { attachments, inReplyTo: String(object?.id) });
    expect(server.calls[1]?.body).toEqual({ attachment_url: "https://example.com/us.jpg" });
  });

  it("count duplicate-content as sent from attempt 2 on", async () => {
    server.fail(graphError(506), graphError(506));
    await expect(run("post", [], { body: "Hello" })).rejects.toMatchObject({ code: "duplicate-content" });
    expect(await run("post", ["public"], { body: "Hello" }, { attempt: 2 })).toMatchObject({
      outcomes: [{ status: "sent" }],
    });
  });

  it("count as deleted from attempt 2 on where they are gone", async () => {
    const object = { id: POST };
    await expect(run("delete", [], object)).rejects.toMatchObject({ code: "recipient-unknown" });
    expect(await run("delete", ["public"], object, { attempt: 2 })).toMatchObject({ outcomes: [{ status: "sent" }] });
  });
});

describe("reading", () => {
  it("fetches messages by conversation, with `next` where more follow", async () => {
    server.wrote(ANN);
    for (const body of ["one", "two", "three"]) await run("send", [ANN], { body });
    const { object = {} } = await run("fetch", ["conversations", "t_1"], { limit: 2 });
    expect(object.items).toMatchObject([
      { address: "conversations", items: [{ verb: "send", context: { type: "direct", id: "t_1" } }, {}] },
      { address: "t_1", next: "QVFI", items: [{ object: { body: "one" } }, {}] },
    ]);
    expect(objectIssues(["facebook"], object)).toEqual([]);
    expect((await run("fetch", ["t_1"], { limit: 5 })).object).not.toHaveProperty("next");
  });

  it("searches Pages as persons", async () => {
    const { object = {} } = await run("search", ["library"], {});
    expect(object).toMatchObject({ type: "collection", items: [{ address: "20531316728", name: "City Library" }] });
    expect(objectIssues(["facebook"], object)).toEqual([]);
  });

  it("queries the Page itself, people by their PSID, and the usage of calls", async () => {
    server.wrote(ANN);
    expect((await run("query", [], { type: "person" })).object).toMatchObject({
      type: "collection",
      items: [{ address: PAGE, name: "Our Page" }],
    });
    expect((await run("query", [ANN], { type: "person" })).object).toEqual({
      type: "collection",
      items: [
        {
          type: "person",
          address: ANN,
          name: "Ann Other",
          image: "https://example.com/ann.png",
          url: `https://www.facebook.com/${ANN}`,
        },
      ],
    });
    expect((await run("query", [], { type: "limits" })).object).toEqual({ type: "limits", facebook: { percent: 0 } });
  });

  it("adds and removes fields of the webhook's subscription", async () => {
    await run("subscribe", ["messages"], {});
    await run("subscribe", ["feed"], {});
    expect(server.subscribed()).toEqual(
      expect.arrayContaining(["messages", "message_echoes", "message_reads", "messaging_referrals", "standby", "feed"]),
    );
    await run("unsubscribe", ["messages"], {});
    expect(server.subscribed()).toEqual(["feed"]);
    await run("unsubscribe", ["feed"], {});
    expect(server.subscribed()).toEqual([]);
  });
});

describe("errors", () => {
  const cases: ReadonlyArray<readonly [FacebookFault, string, string, boolean]> = [
    ["drop", "retryable", "platform-unavailable", true],
    ["cut", "retryable", "platform-unavailable", true],
    ["garbage", "retryable", "platform-protocol-error", true],
    [{ status: 502, body: "<h1>Bad gateway</h1>" }, "retryable", "platform-unavailable", true],
    [{ status: 401, body: "<h1>Sign in to the proxy</h1>" }, "retryable", "platform-unavailable", false],
    [{ status: 403, body: "" }, "retryable", "platform-unavailable", false],
    [graphError(2, undefined, { is_transient: true }, 500), "retryable", "platform-unavailable", false],
    [graphError(4711, undefined, { is_transient: true }), "retryable", "platform-unavailable", false],
    [graphError(613), "rate-limited", "platform-rate-limited", false],
    [graphError(4, 2_018_354), "rate-limited", "platform-rate-limited", false],
    [graphError(10, 2_018_065), "permanent", "outside-window", false],
    [graphError(10, 1_893_063), "auth", "account-restricted", false],
    [graphError(368), "auth", "account-restricted", false],
    [graphError(190, 463, {}, 401), "auth", "credentials-expired", false],
    [graphError(190, 460, {}, 401), "auth", "credentials-invalid", false],
    [graphError(200), "permanent", "permission-denied", false],
    [graphError(299), "permanent", "permission-denied", false],
    [graphError(10), "permanent", "permission-denied", false],
    [graphError(551, 1_545_041), "permanent", "recipient-not-reachable", false],
    [graphError(100), "permanent", "platform-rejected", false],
    [{ status: 429, body: {} }, "rate-limited", "platform-rate-limited", false],
  ];
  it.each(cases)("%j is %s %s, in doubt: %s", async (fault, kind, code, mayHaveLanded) => {
    server.wrote(ANN);
    server.fail(fault);
    const thrown = run("send", [ANN], { body: "Hi" });
    await expect(thrown).rejects.toMatchObject({ kind, code, mayHaveLanded });
    await expect(thrown).rejects.not.toMatchObject({ message: expect.stringContaining("words") });
  });

  it("a like whose answer was lost is retryable", async () => {
    server.fail("cut");
    await expect(run("react", [], { id: POST })).rejects.toMatchObject({ kind: "retryable", mayHaveLanded: false });
  });

  it("a message without an answer has an unknown outcome at the time limit", async () => {
    server.fail("stall");
    const stop = new AbortController();
    const commit = async () => void setTimeout(() => stop.abort(new Error("stopped")), 50);
    const sending = run("send", [ANN], { body: "Hi" }, { signal: stop.signal, commit });
    await expect(sending).rejects.toMatchObject({ kind: "retryable", code: "platform-timeout", mayHaveLanded: true });
  });

  it("a wrong token or a proof with a wrong secret is refused", async () => {
    const by = (credentials: object) =>
      run("query", [PAGE], { type: "person" }, { credentials: { ...LOGIN, ...credentials } } as Partial<VerbContext>);
    await expect(by({ pageToken: "EAAG-other" })).resolves.toMatchObject({
      outcomes: [{ status: "failed", error: { code: "credentials-invalid" } }],
    });
    await expect(by({ appSecret: "other" })).resolves.toMatchObject({
      outcomes: [{ status: "failed", error: { code: "platform-rejected" } }],
    });
  });
});

it.each([
  ["send", { html: "" }],
  ["send", {}],
  ["send", { body: "x".repeat(2_001) }],
  ["send", { body: "x", facebook: { tag: "ACCOUNT_UPDATE" } }],
  ["send", { body: "x", tag: "HUMAN_AGENT" }],
  ["send", { body: "x", quickReplies: [{ title: "This" }] }],
  ["send", { attachments: [{ name: "a", content: "aGk=" }] }],
  ["post", {}],
  ["post", { link: "https://a.example/" }],
  ["react", { id: POST, content: "love" }],
  ["react", { content: "like" }],
  ["update", { body: "x" }],
])("%s refuses %j by its schema", (verb, object) => {
  const { schema, example } = facebook({}).verbs[verb] ?? {};
  expect(validationErrors(schema ?? {}, { ...Object(example), object }).length).toBeGreaterThan(0);
});

it.each([
  [
    "post",
    { attachments: [{ url: "https://a.example/b.mp4", mediaType: "video/mp4" }] },
    "/object/attachments/0/mediaType",
  ],
  ["post", { attachments: [{ url: "https://a.example/b.png" }], url: "https://a.example/" }, "/object/url"],
  ["post", { body: "Look", inReplyTo: POST, url: "https://a.example/" }, "/object/url"],
  ["post", { body: "x".repeat(8_001), inReplyTo: POST }, "/object/body"],
  ["post", { html: `<p>${"x".repeat(8_001)}</p>`, inReplyTo: POST }, "/object/html"],
  ["update", { id: POST, markdown: "x".repeat(63_207) }, "/object/markdown"],
])("%s of %j is refused before anything is sent", (verb, object, pointer) => {
  const refused = facebook({}).validate?.(verb, {
    platform: "facebook",
    verb,
    actor: { address: PAGE },
    target: [],
    object,
  });
  expect(refused).toMatchObject({ code: "validation-failed", pointer });
});

it.each([
  [{ attachments: [{ url: "https://a.example/b" }], body: "both" }, "/object/attachments"],
  [{ attachments: [{ url: "https://a.example/b" }], html: "<b>both</b>" }, "/object/attachments"],
  [{ markdown: "x".repeat(2_001) }, "/object/markdown"],
])("send of %j is refused before anything is sent", (object, pointer) => {
  const target = [{ address: "6543210987654321" }];
  const refused = facebook({}).validate?.("send", {
    platform: "facebook",
    verb: "send",
    actor: { address: PAGE },
    target,
    object,
  });
  expect(refused).toMatchObject({ code: "validation-failed", pointer });
});

it("old spellings are refused, and the new ones named", () => {
  const { renamedVerbs, verbs } = facebook({});
  expect(renamedVerbs).toEqual({ reply: "post with object.inReplyTo" });
  expect([verbs.send?.renamed, verbs.post?.renamed]).toEqual([
    { "/object/quickReplies": "object.buttons, with title and value", "/object/tag": "object.facebook.tag" },
    { "/object/link": "object.url" },
  ]);
});
