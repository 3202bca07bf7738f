import { ulid } from "ulid";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { testVerbContext } from "../../../support/verb-context.ts";
import { activityOf, xAccount } from "../../../support/x-account.ts";
import type { XFault } from "../../../support/x-simulator.ts";
import { oauth1Of } from "../../../support/x-simulator.ts";
import { problem } from "../../../support/x-simulator-state.ts";

let x: Awaited<ReturnType<typeof xAccount>>;
let bob: Awaited<ReturnType<typeof x.open>>;
beforeEach(async () => {
  x = await xAccount();
  bob = await x.open();
});
afterEach(() => x.stop());

const POST = "POST /2/tweets";
const forbidden = (text: string): XFault => problem(403, "about:blank", text);

describe("errors of X", () => {
  it.each<[string, XFault, object]>([
    [
      "a tier",
      problem(403, "client-forbidden", "no"),
      { kind: "permanent", code: "permission-denied", platformCode: "HTTP 403 client-forbidden" },
    ],
    [
      "an answer to who never asked",
      forbidden(
        "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author.",
      ),
      { kind: "permanent", code: "policy-refused" },
    ],
    ["a quote", forbidden("Quoting this post is not permitted."), { kind: "permanent", code: "policy-refused" }],
    [
      "the same text",
      forbidden("You are not allowed to create a Tweet with duplicate content."),
      { kind: "permanent", code: "duplicate-content" },
    ],
    [
      "a suspended account",
      forbidden("Your account is suspended and is not permitted to access this feature."),
      { kind: "auth", code: "account-restricted" },
    ],
    [
      "a locked account",
      { status: 403, body: { errors: [{ code: 326, message: "odd" }] } },
      { kind: "auth", code: "account-restricted", platformCode: "HTTP 403 code 326" },
    ],
    [
      "used up credits",
      { status: 402, body: { title: "CreditsDepleted" } },
      { kind: "permanent", code: "usage-capped" },
    ],
    [
      "a usage cap",
      problem(429, "usage-capped", "Usage cap exceeded: Monthly product cap"),
      { kind: "permanent", code: "usage-capped" },
    ],
    [
      "a text too long",
      problem(400, "invalid-request", "Your Tweet text is too long."),
      { kind: "permanent", code: "content-too-large" },
    ],
    [
      "a bad request",
      problem(400, "invalid-request", "One or more parameters"),
      { kind: "permanent", code: "platform-rejected" },
    ],
    [
      "errors with status 200",
      {
        status: 200,
        body: {
          errors: [
            {
              type: "https://api.x.com/2/problems/not-authorized-for-resource",
              title: "Authorization Error",
              detail: "x",
            },
          ],
        },
      },
      { kind: "permanent", code: "permission-denied", mayHaveLanded: false },
    ],
    ["a login", problem(401, "about:blank", "Unauthorized"), { kind: "auth", code: "credentials-invalid" }],
    [
      "for now",
      problem(503, "about:blank", "Over capacity"),
      { kind: "retryable", code: "platform-unavailable", mayHaveLanded: false },
    ],
    [
      "by a fault of its own",
      problem(500, "about:blank", "Oops"),
      { kind: "retryable", code: "platform-unavailable", mayHaveLanded: true },
    ],
    [
      "by a proxy's page",
      { status: 502, body: undefined },
      { kind: "retryable", code: "platform-unavailable", mayHaveLanded: true },
    ],
    [
      "by a proxy that asks for a login",
      { status: 401, body: undefined },
      { kind: "retryable", code: "platform-unavailable", mayHaveLanded: false },
    ],
    [
      "by a proxy that forbids",
      { status: 403, body: undefined },
      { kind: "retryable", code: "platform-unavailable", mayHaveLanded: false },
    ],
    [
      "by a redirect",
      { status: 302, headers: { location: "http://127.0.0.1:1/" } },
      { kind: "permanent", code: "platform-rejected" },
    ],
  ])("%s", async (_, fault, failure) => {
    x.server.fault(POST, fault);
    const thrown = await bob("post").catch((error) => error);
    expect(thrown).toMatchObject(failure);
    expect(x.server.posts).toEqual([]);
  });

  it("classify a like or follow without the tier as policy-refused", async () => {
    x.server.fault("POST /2/users/{id}/likes", problem(403, "client-forbidden", "odd"));
    x.server.fault("POST /2/users/{id}/following", problem(403, "client-not-enrolled", "odd"));
    await expect(bob("react")).rejects.toMatchObject({ code: "policy-refused" });
    await expect(bob("follow")).rejects.toMatchObject({ code: "policy-refused" });
  });

  it("wait after a 429 until the window's or the day's reset", async () => {
    const reset = String(Math.floor(Date.now() / 1_000) + 600);
    const window = { "x-rate-limit-limit": "15", "x-rate-limit-remaining": "0", "x-rate-limit-reset": reset };
    x.server.fault(POST, { ...problem(429, "about:blank", "Too Many Requests"), headers: window });
    const thrown = await bob("post").catch((error) => error);
    expect(thrown).toMatchObject({ kind: "rate-limited", code: "platform-rate-limited", mayHaveLanded: false });
    expect(thrown.retryAfterMs).toBeGreaterThan(590_000);
    const day = String(Math.floor(Date.now() / 1_000) + 40_000);
    const headers = {
      "x-user-limit-24hour-limit": "50",
      "x-user-limit-24hour-remaining": "0",
      "x-user-limit-24hour-reset": day,
    };
    const DM = "POST /2/dm_conversations/with/{participant_id}/messages";
    x.server.fault(DM, { ...problem(429, "about:blank", "Too Many Requests"), headers });
    const spent = await bob("send").catch((error) => error);
    expect(spent.kind).toBe("rate-limited");
    expect(spent.retryAfterMs).toBeGreaterThan(39_000_000);
  });

  it("never repeat X's sentences or the posted text", async () => {
    const canary = "canary-4711 access-secret-of-12";
    x.server.fault(POST, {
      status: 403,
      body: { title: canary, detail: canary, type: canary, reason: canary, code: canary },
    });
    const thrown = await bob("post").catch((error) => error);
    expect(`${thrown.message} ${thrown.platformCode}`).not.toContain("canary");
  });
});

describe("attempt 2", () => {
  it("counts a duplicate post as sent by attempt 1", async () => {
    await bob("post");
    expect(await bob("post", {}, { attempt: 2 })).toMatchObject({ outcomes: [{ status: "sent" }] });
    expect(x.server.posts).toHaveLength(1);
  });
});

describe("a broken connection", () => {
  it.each<[XFault]>([["cut"], ["drop"], ["garbage"]])(
    "(%s) after the request was sent leaves the outcome unknown",
    async (fault) => {
      x.server.fault(POST, fault);
      const thrown = await bob("post").catch((error) => error);
      expect(thrown).toMatchObject({ kind: "retryable", mayHaveLanded: true });
    },
  );

  it.each(["delete", "share", "unshare", "react", "follow"])("during %s is a plain reason to retry", async (verb) => {
    const endpoint = {
      delete: "DELETE /2/tweets/{id}",
      share: "POST /2/users/{id}/retweets",
      unshare: "DELETE /2/users/{id}/retweets/{source_tweet_id}",
      react: "POST /2/users/{id}/likes",
      follow: "POST /2/users/{id}/following",
    }[verb];
    x.server.fault(String(endpoint), "cut");
    await expect(bob(verb)).rejects.toMatchObject({ kind: "retryable", mayHaveLanded: false });
  });

  it("before the request was sent has no effect", async () => {
    await x.server.stop();
    await expect(bob("post")).rejects.toMatchObject({ kind: "retryable", mayHaveLanded: false });
  });

  it("by the activity's time limit leaves the outcome unknown", async () => {
    x.server.fault(POST, "stall");
    const ending = new AbortController();
    const running = bob(
      "post",
      {},
      { signal: ending.signal, commit: async () => void setTimeout(() => ending.abort(), 100) },
    );
    await expect(running).rejects.toMatchObject({ mayHaveLanded: true });
  });

  it("is resolved by the account's own list where possible", async () => {
    const client = await x.platform.createClient?.({
      app: "a",
      credentials: oauth1Of("12") as never,
      egress: x.egress,
      log: testVerbContext().log,
    });
    const object = { body: "See <https://example.org/> & tell" };
    const activity = activityOf(x.platform, "post", { id: ulid(), object });
    const found = (lookedUp = activity) => x.platform.recover?.(client, lookedUp, testVerbContext({ attempt: 9 }));
    const inTheEnd = async (lookedUp = activity) => {
      for (let looks = 0; looks < 5; looks++) {
        await expect(found(lookedUp)).rejects.toMatchObject({ kind: "retryable", code: "outcome-unknown" });
      }
      return found(lookedUp);
    };
    expect(await inTheEnd()).toBeUndefined();
    x.server.fault(POST, "cut");
    await x.platform.verbs.post?.run(client, activity, testVerbContext()).catch(() => undefined);
    const id = x.server.posts[0]?.id;
    expect(await found()).toEqual({
      outcomes: [{ address: "public", status: "sent", id }],
      object: { id, url: `https://x.com/i/status/${id}` },
    });
    expect(await inTheEnd({ ...activity, id: ulid(), object: { ...object, inReplyTo: "1" } })).toBeUndefined();
    expect(await inTheEnd({ ...activity, id: ulid(Date.now() + 600_000) })).toBeUndefined();
    expect(await found(activityOf(x.platform, "send", { id: ulid() }))).toBeUndefined();
  });
});

it("signatures are valid for any characters in a query", async () => {
  for (const address of ["a b", "é & ü", "100% (sure)!*'", "from:bob #tag -is:retweet"]) {
    expect((await bob("search", { target: [{ address }] })).outcomes[0]?.status).toBe("sent");
  }
});
