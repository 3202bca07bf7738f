import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { twitter } from "../../../../../src/platforms/twitter/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../../support/connection-context.ts";
import { testVerbContext } from "../../../../support/verb-context.ts";
import { activityOf, xAccount } from "../../../../support/x-account.ts";
import { oauth1Of } from "../../../../support/x-simulator.ts";
import { problem } from "../../../../support/x-simulator-state.ts";

let x: Awaited<ReturnType<typeof xAccount>>;
const closers: Array<() => unknown> = [];
beforeEach(async () => {
  x = await xAccount();
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await x.stop();
});

/** Holds bob's account, looking for news all the time. */
async function connectAccount(
  overrides: Partial<TestConnectionContext> & { readonly stateOf?: TestConnectionContext } = {},
) {
  const platform = twitter({ xApi: x.server.origin, xPollInterval: { minMs: 20, maxMs: 40 } });
  const connectionContext = testConnectionContext({
    credentials: oauth1Of("12"),
    address: "@bob",
    egress: x.egress,
    ...overrides,
  });
  const client = await platform.connect?.(connectionContext as never);
  const close = async () => {
    connectionContext.abort();
    await platform.dispose?.(client);
  };
  closers.push(close);
  const onlineCalls: boolean[] = [];
  const context = testVerbContext({ setDesiredOnline: async (online) => void onlineCalls.push(online) });
  const run = (verb: string, ...names: readonly string[]) => {
    const target = names.map((address) => ({ address }));
    const pending = target.map((_, at) => at);
    const activity = activityOf(platform, verb, { target });
    return Promise.resolve(platform.verbs[verb]?.run(client, activity, { ...context, pending })).catch(
      (thrown: unknown) => {
        throw platform.classifyError(thrown);
      },
    );
  };
  return { connectionContext, run, close, onlineCalls, platform };
}
const bodies = (connectionContext: TestConnectionContext) =>
  connectionContext.arrivals.map(({ event }) => event.object.body);

describe("a subscription", () => {
  it("records new items oldest first, once each, with their cursor", async () => {
    const { connectionContext, run, onlineCalls } = await connectAccount();
    x.server.addPost("34", "@bob long before", { id: "1000000000000000000" });
    expect(await run("subscribe", "mentions")).toMatchObject({ outcomes: [{ address: "mentions", status: "sent" }] });
    expect(onlineCalls).toEqual([true]);
    const ids = ["one", "two", "three"].map((text) => x.server.addPost("34", `@bob ${text}`));
    await connectionContext.arrived(({ key }) => key === `post:${ids[2]}`);
    expect(bodies(connectionContext)).toEqual(["@bob one", "@bob two", "@bob three"]);
    expect(connectionContext.arrivals[0]?.event).toMatchObject({
      platform: "twitter",
      verb: "post",
      actor: { address: "@alice", id: "34" },
      target: [{ address: "@bob" }],
      self: false,
    });
    expect(connectionContext.stored).toEqual({ "since:mentions": ids[2] });
  });

  it("records direct messages, own ones marked, and search results", async () => {
    const { connectionContext, run } = await connectAccount();
    await run("subscribe", "messages", "search:dragoman lang:en");
    const message = x.server.addMessage("34", "12-34", "Psst");
    const own = x.server.addMessage("12", "12-34", "What?");
    const post = x.server.addPost("56", "a dragoman lang:en speaks");
    for (const key of [`message:${message}`, `message:${own}`, `post:${post}`])
      await connectionContext.arrived((event) => event.key === key);
    expect(connectionContext.arrivals.find(({ key }) => key === `message:${own}`)?.event.self).toBe(true);
    expect(connectionContext.arrivals.find(({ key }) => key === `message:${message}`)?.event).toMatchObject({
      verb: "send",
      context: { type: "direct", id: "conversation:12-34" },
    });
  });

  it("reads all pages of new items", async () => {
    const { connectionContext, run } = await connectAccount();
    await run("subscribe", "mentions");
    const ids = Array.from({ length: 230 }, (_, at) => x.server.addPost("34", `@bob ${at}`));
    await connectionContext.arrived(({ key }) => key === `post:${ids.at(-1)}`);
    expect(connectionContext.arrivals.map(({ key }) => key)).toEqual(ids.map((id) => `post:${id}`));
  });

  it("resumes at the last owner's cursor without loss or duplicates", async () => {
    const first = await connectAccount();
    await first.run("subscribe", "mentions");
    const firstPost = x.server.addPost("34", "@bob one");
    await first.connectionContext.arrived(({ key }) => key === `post:${firstPost}`);
    await first.close();
    const secondPost = x.server.addPost("34", "@bob two");
    const second = await connectAccount({ stateOf: first.connectionContext });
    await second.connectionContext.arrived(({ key }) => key === `post:${secondPost}`);
    expect(bodies(second.connectionContext)).toEqual(["@bob two"]);
  });

  it("ends with unsubscribe, which succeeds without a subscription too", async () => {
    const { connectionContext, run } = await connectAccount();
    await run("subscribe", "mentions", "search:x");
    await run("unsubscribe", "mentions", "messages");
    expect(Object.keys(connectionContext.stored)).toContain("since:search:x");
    expect(Object.keys(connectionContext.stored)).not.toContain("since:mentions");
    x.server.addPost("34", "@bob unheard");
    const postId = x.server.addPost("34", "an x");
    await connectionContext.arrived(({ key }) => key === `post:${postId}`);
    expect(bodies(connectionContext)).toEqual(["an x"]);
  });

  it("is refused where X forbids the account to read", async () => {
    const { connectionContext, run } = await connectAccount();
    x.server.fault("GET /2/dm_events", problem(403, "client-forbidden", "no"));
    await expect(run("subscribe", "messages")).rejects.toMatchObject({ code: "permission-denied" });
    expect(connectionContext.stored).toEqual({});
  });
});

describe("a subscription's failure", () => {
  it.each([
    ["of X", problem(503, "about:blank", "Over capacity")],
    ["of a proxy", { status: 502, headers: { "content-type": "text/html" } }],
    ["of the line", "drop" as const],
  ])("%s is waited out", async (_, fault) => {
    const { connectionContext, run } = await connectAccount();
    await run("subscribe", "mentions");
    x.server.fault("GET /2/users/{id}/mentions", fault);
    const id = x.server.addPost("34", "@bob all the same");
    await connectionContext.arrived(({ key }) => key === `post:${id}`);
  });

  it("to record an item reads the item again", async () => {
    let away = true;
    const inner = testConnectionContext({ credentials: oauth1Of("12") });
    const { run } = await connectAccount({
      record: async (arrival) => {
        if (away && arrival.event.object.body === "@bob two") {
          away = false;
          throw new Error("Redis is away");
        }
        return inner.record(arrival);
      },
    });
    await run("subscribe", "mentions");
    for (const text of ["one", "two", "three"]) x.server.addPost("34", `@bob ${text}`);
    await inner.arrived(({ event }) => event.object.body === "@bob three");
    expect(bodies(inner)).toEqual(["@bob one", "@bob two", "@bob three"]);
  });

  it("of the login ends the connection with the reason", async () => {
    const { connectionContext, run, platform } = await connectAccount();
    await run("subscribe", "mentions");
    x.server.fault("GET /2/users/{id}/mentions", problem(401, "about:blank", "Unauthorized"));
    expect(platform.classifyError(await connectionContext.ended)).toMatchObject({
      kind: "auth",
      code: "credentials-invalid",
    });
  });

  it("of invalid credentials shows at connect", async () => {
    const credentials = { ...oauth1Of("12"), accessSecret: "wrong" };
    await expect(connectAccount({ credentials })).rejects.toMatchObject({ kind: "auth", code: "credentials-invalid" });
  });

  it("of revoked credentials shows at connect", async () => {
    const credentials = { ...x.server.oauth2.login("12"), expires: 1 };
    x.server.oauth2.revokeAll();
    await expect(connectAccount({ credentials })).rejects.toMatchObject({ kind: "auth", code: "credentials-expired" });
  });

  it("of credentials that another worker may have renewed is retryable", async () => {
    const { accessToken: _, ...login } = x.server.oauth2.login("12");
    const { connectionContext, run, platform } = await connectAccount({ credentials: login });
    await run("subscribe", "mentions");
    x.server.oauth2.revokeAll();
    await expect(connectionContext.ended.then(platform.classifyError)).resolves.toMatchObject({
      kind: "retryable",
      code: "credentials-expired",
    });
    const fresh = x.server.oauth2.login("12");
    const again = await connectAccount({ credentials: fresh, stateOf: connectionContext });
    const id = x.server.addPost("34", "@bob again");
    await again.connectionContext.arrived(({ key }) => key === `post:${id}`);
  });
});
