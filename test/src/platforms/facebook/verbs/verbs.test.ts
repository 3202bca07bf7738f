import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { validationErrors } from "../../../../../src/model/validate.ts";
import { SearchResult } from "../../../../../src/platform/kit/search-result.ts";
import type { Receipt, VerbContext } from "../../../../../src/platform/platform.ts";
import { facebook } from "../../../../../src/platforms/facebook/platform.ts";
import {
  ANN,
  BEN,
  type FacebookFault,
  facebookStandIn,
  graphError,
  LOGIN,
  PAGE,
} from "../../../../support/facebook-simulator.ts";
import { loopbackEgress } from "../../../../support/loopback-egress.ts";
import { runOnce, testMailActivity } from "../../../../support/verb-context.ts";

let server: Awaited<ReturnType<typeof facebookStandIn>>;
const egress = loopbackEgress();
beforeEach(async () => {
  server = await facebookStandIn();
});
afterEach(() => server.stop());

const POST = `${PAGE}_77`;
function run(verb: string, to: readonly string[], object: object, words: Partial<VerbContext> = {}): Promise<Receipt> {
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
  return runOnce(platform, activity, { credentials: LOGIN, egress, ...words });
}

describe("messages", () => {
  it("go to each person, with the activity's id, inside the window; others get their own outcome", async () => {
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

  it("of a human reach a person for seven days, and may hold one attachment or buttons", async () => {
    server.wrote(BEN, 25 * 3_600_000);
    const url = "https://example.com/a.pdf";
    const tag = "HUMAN_AGENT";
    expect((await run("send", [BEN], { attachments: [{ url }], tag })).outcomes).toMatchObject([{ status: "sent" }]);
    expect(
      (await run("send", [BEN], { body: "Which?", quickReplies: [{ title: "This" }], tag })).outcomes,
    ).toMatchObject([{ status: "sent" }]);
    expect(server.sent.map(({ message }) => message)).toMatchObject([
      { attachment: { type: "file", payload: { url } } },
      { text: "Which?", quick_replies: [{ content_type: "text", title: "This", payload: "This" }] },
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

  it("are announced and read by sender actions", async () => {
    server.wrote(ANN);
    await run("typing", [ANN], {});
    await run("typing", [ANN], { state: "paused" });
    await run("read", [ANN], {});
    expect(server.calls.map(({ body }) => body.sender_action)).toEqual(["typing_on", "typing_off", "mark_seen"]);
    expect(server.calls.every(({ body }) => body.message === undefined)).toBe(true);
  });
});

describe("posts", () => {
  it("are made, answered, changed, liked and deleted as the Page", async () => {
    const made = await run("post", [], { body: "Hello", link: "https://example.com/" });
    const id = String(made.object?.id);
    expect(made).toMatchObject({ outcomes: [], object: { url: `https://www.facebook.com/${id}` } });
    const { outcomes } = await run("reply", [id], { body: "First!" });
    const comment = String(outcomes[0]?.id);
    await run("update", [id], { body: "Hello all" });
    await run("react", [id, comment], { content: "like" });
    await run("unreact", [comment], {});
    expect([...server.likes]).toEqual([id]);
    expect(server.things.get(id)?.message).toBe("Hello all");
    const feed = await run("fetch", ["feed", id], { limit: 5 });
    expect(feed.object?.collections).toMatchObject([
      { address: "feed", more: false, items: [{ verb: "post", id, self: true, object: { body: "Hello all" } }] },
      { address: id, items: [{ verb: "reply", id: comment, context: { type: "thread", id } }] },
    ]);
    await run("delete", [comment, id], {});
    expect(server.things.size).toBe(0);
    expect(server.calls.some(({ query }) => query.has("access_token"))).toBe(false);
  });

  it("may be a photo", async () => {
    const { object } = await run("post", ["public"], {
      body: "Us",
      attachments: [{ url: "https://example.com/us.jpg" }],
    });
    expect(server.calls[0]).toMatchObject({
      path: `${PAGE}/photos`,
      body: { url: "https://example.com/us.jpg", caption: "Us" },
    });
    expect(object?.id).toMatch(new RegExp(`^${PAGE}_`));
  });

  it("that were there before count as posted on a retry only", async () => {
    server.fail(graphError(506), graphError(506));
    await expect(run("post", [], { body: "Hello" })).rejects.toMatchObject({ code: "duplicate-content" });
    expect(await run("post", ["public"], { body: "Hello" }, { attempt: 2 })).toMatchObject({
      outcomes: [{ status: "sent" }],
    });
  });

  it("that are gone count as deleted on a retry only", async () => {
    await expect(run("delete", [POST], {})).rejects.toMatchObject({ code: "recipient-unknown" });
    expect(await run("delete", [POST], {}, { attempt: 2 })).toMatchObject({ outcomes: [{ status: "sent" }] });
  });
});

describe("reading", () => {
  it("finds messages by conversation, Pages by words, people by what they are to the Page", async () => {
    server.wrote(ANN);
    for (const body of ["one", "two", "three"]) await run("send", [ANN], { body });
    const { object } = await run("fetch", ["conversations", "t_1"], { limit: 2 });
    expect(object?.collections).toMatchObject([
      { address: "conversations", items: [{ verb: "send", context: { type: "direct", id: "t_1" } }, {}] },
      { address: "t_1", more: true, next: "QVFI", items: [{ object: { body: "one" } }, {}] },
    ]);
    const found = await run("search", ["library"], {});
    expect(validationErrors(SearchResult, found.object)).toEqual([]);
    expect(found.object?.results).toMatchObject([{ subject: "20531316728", name: "City Library" }]);
    const asked = await run("query", ["me", "limits", ANN], {});
    expect(asked.object).toMatchObject({
      me: { subject: PAGE, name: "Our Page" },
      limits: { percent: 3 },
      people: [{ subject: ANN, name: "Ann Other", avatar: "https://example.com/ann.png" }],
    });
  });

  it("subscriptions add up and are taken back", async () => {
    await run("subscribe", ["messages"], {});
    await run("subscribe", ["feed"], {});
    expect(server.subscribed()).toEqual(
      expect.arrayContaining(["messages", "message_echoes", "message_reads", "feed"]),
    );
    await run("unsubscribe", ["messages"], {});
    expect(server.subscribed()).toEqual(["feed"]);
    await run("unsubscribe", ["feed"], {});
    expect(server.subscribed()).toEqual([]);
  });
});

describe("what goes wrong", () => {
  const cases: ReadonlyArray<readonly [FacebookFault, string, string, boolean]> = [
    ["drop", "retryable", "platform-unavailable", true],
    ["cut", "retryable", "platform-unavailable", true],
    ["garbage", "retryable", "platform-protocol-error", true],
    [{ status: 502, body: "<h1>Bad gateway</h1>" }, "retryable", "platform-unavailable", true],
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

  it("a like whose answer was lost leaves no doubt, since it may be repeated", async () => {
    server.fail("cut");
    await expect(run("react", [POST], {})).rejects.toMatchObject({ kind: "retryable", mayHaveLanded: false });
  });

  it("a message whose answer never comes is in doubt when the work is stopped", async () => {
    server.fail("stall");
    const stop = new AbortController();
    const commit = async () => void setTimeout(() => stop.abort(new Error("stopped")), 50);
    const sending = run("send", [ANN], { body: "Hi" }, { signal: stop.signal, commit });
    await expect(sending).rejects.toMatchObject({ kind: "retryable", code: "platform-timeout", mayHaveLanded: true });
  });

  it("a wrong token, and a proof by a wrong secret, are refused", async () => {
    const by = (credentials: object) =>
      run("query", ["me"], {}, { credentials: { ...LOGIN, ...credentials } } as Partial<VerbContext>);
    await expect(by({ pageToken: "EAAG-other" })).resolves.toMatchObject({
      outcomes: [{ status: "failed", error: { code: "credentials-invalid" } }],
    });
    await expect(by({ appSecret: "other" })).resolves.toMatchObject({
      outcomes: [{ status: "failed", error: { code: "platform-rejected" } }],
    });
  });
});

it.each([
  ["send", { attachments: [{ url: "https://a.example/b" }], body: "both" }],
  ["send", {}],
  ["send", { body: "x".repeat(2_001) }],
  ["send", { body: "x", tag: "ACCOUNT_UPDATE" }],
  ["send", { attachments: [{ name: "a", content: "aGk=" }] }],
  ["post", {}],
  ["react", { content: "love" }],
])("%s does not take %j", (verb, object) => {
  const { schema, example } = facebook({}).verbs[verb] ?? {};
  expect(validationErrors(schema ?? {}, { ...Object(example), object }).length).toBeGreaterThan(0);
});

it.each([
  [
    "post",
    { attachments: [{ url: "https://a.example/b.mp4", mediaType: "video/mp4" }] },
    "/object/attachments/0/mediaType",
  ],
  ["post", { attachments: [{ url: "https://a.example/b.png" }], link: "https://a.example/" }, "/object/link"],
])("%s of %j is refused at the door", (verb, object, pointer) => {
  const refused = facebook({}).validate?.(verb, {
    platform: "facebook",
    verb,
    actor: { address: PAGE },
    target: [],
    object,
  });
  expect(refused).toMatchObject({ code: "validation-failed", pointer });
});
