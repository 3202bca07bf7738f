import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { twitter } from "../../../../../src/platforms/twitter/platform.ts";
import { idAt, timeOf } from "../../../../../src/platforms/twitter/schemas/address.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../../support/connection-context.ts";
import { testVerbContext } from "../../../../support/verb-context.ts";
import { activityOf, xAccount } from "../../../../support/x-account.ts";
import { oauth1Of } from "../../../../support/x-simulator.ts";
import { problem } from "../../../../support/x-simulator-state.ts";
import { APP_BEARER, STREAM } from "../../../../support/x-simulator-stream.ts";

const SEARCH = "GET /2/tweets/search/recent";
/** Short waits after every kind of failure; polling starts only for a reason. */
const xStream = { silenceMs: 300, connectionMs: 5, httpMs: 10, rateLimitedMs: 20, refusedMs: 60 };
let x: Awaited<ReturnType<typeof xAccount>>;
const closers: Array<() => unknown> = [];
beforeEach(async () => {
  // Enough that looks follow each other at once.
  x = await xAccount({ limits: { [SEARCH]: { calls: 1_000_000, seconds: 900 } } });
  x.server.streams.settings.forbidden = false;
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await x.stop();
});

async function connectAccount(
  overrides: Partial<TestConnectionContext> & { readonly stateOf?: TestConnectionContext } = {},
  pace = { minMs: 20, maxMs: 40 },
) {
  const platform = twitter({ xApi: x.server.origin, xPollInterval: pace, xStreamDelays: xStream });
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
  const run = (verb: string, ...names: readonly string[]) => {
    const target = names.map((address) => ({ address }));
    const activity = activityOf(platform, verb, { target });
    return platform.verbs[verb]?.run(client, activity, testVerbContext({ pending: target.map((_, at) => at) }));
  };
  return { connectionContext, run, close };
}
/** Polls a condition of the simulator that has no event. */
const until = (fits: () => boolean) => vi.waitUntil(fits, { timeout: 60_000, interval: 5 });
const looks = () => x.server.exchanges.filter(({ endpoint }) => endpoint === SEARCH).length;
/** Waits until the stream covers everything: connected, caught up, no polls any more. */
async function streamed(): Promise<void> {
  await until(() => x.server.streams.connected() === 1);
  for (let before = -1; before !== looks(); ) {
    before = looks();
    await wait(300);
  }
}
const bodies = (connectionContext: TestConnectionContext) =>
  connectionContext.arrivals.map(({ event }) => event.object.body);
const arrivalOf = (connectionContext: TestConnectionContext, id: string) =>
  connectionContext.arrived(({ key }) => key === `post:${id}`);
const since = (connectionContext: TestConnectionContext, query: string) =>
  connectionContext.stored[`since:search:${query}`] ?? "";

describe("a streamed search", () => {
  it("records posts at once in the form of polled ones, without polling", async () => {
    const { connectionContext, run } = await connectAccount();
    await run("subscribe", "search:dragoman");
    await streamed();
    const before = looks();
    const id = x.server.addPost("34", "A dragoman <speaks>");
    expect((await arrivalOf(connectionContext, id)).event).toMatchObject({
      platform: "twitter",
      verb: "post",
      actor: { address: "@alice", id: "34", name: "Alice" },
      target: [{ address: "@bob" }],
      object: { id, body: "A dragoman <speaks>" },
      self: false,
    });
    // The cursor follows, a little behind.
    const later = x.server.addPost("34", "dragoman again", { id: idAt(Date.now() + 60_000) });
    await arrivalOf(connectionContext, later);
    await until(() => since(connectionContext, "dragoman") === idAt(timeOf(later) - 30_000));
    expect(looks()).toBe(before);
    expect(x.server.streams.rules()).toMatchObject([{ value: "dragoman", tag: expect.stringMatching(/^dragoman:/) }]);
  });

  it("shares one connection with other searches and ignores other accounts' rules", async () => {
    x.server.streams.addRule({ id: "7", value: "foreign", tag: "theirs" });
    const { connectionContext, run } = await connectAccount();
    await run("subscribe", "search:one", "search:two");
    await until(() => x.server.streams.rules().length === 3);
    await streamed();
    x.server.addPost("34", "foreign");
    const id = x.server.addPost("34", "one and two");
    await arrivalOf(connectionContext, id);
    expect([bodies(connectionContext), x.server.streams.connected()]).toEqual([["one and two"], 1]);
    await run("unsubscribe", "search:one");
    await until(() => x.server.streams.rules().length === 2);
    await run("unsubscribe", "search:two");
    await until(() => x.server.streams.rules().length === 1 && x.server.streams.connected() === 0);
    expect(x.server.streams.rules()).toEqual([{ id: "7", value: "foreign", tag: "theirs" }]);
    await until(() => Object.keys(connectionContext.stored).length === 0);
  });

  it("works with the app's bearer token, and the next owner removes its rules", async () => {
    const credentials = { ...x.server.oauth2.login("12"), bearerToken: APP_BEARER };
    const first = await connectAccount({ credentials });
    await first.run("subscribe", "search:one");
    await streamed();
    await first.close();
    await until(() => x.server.streams.connected() === 0);
    delete first.connectionContext.stored["since:search:one"];
    await connectAccount({ credentials, stateOf: first.connectionContext });
    await until(() => x.server.streams.rules().length === 0);
  });

  it("is polled without the app's credentials", async () => {
    const { connectionContext, run } = await connectAccount({ credentials: x.server.oauth2.login("12") });
    await run("subscribe", "search:one");
    await arrivalOf(connectionContext, x.server.addPost("34", "one"));
    expect(x.server.exchanges.filter(({ path }) => path.startsWith(STREAM))).toEqual([]);
  });

  it("is polled where X refuses the rule, beside a streamed one", async () => {
    const { connectionContext, run } = await connectAccount();
    await run("subscribe", "search:near:here", "search:one");
    await until(() => x.server.streams.connected() === 1);
    await arrivalOf(connectionContext, x.server.addPost("34", "near:here"));
    await arrivalOf(connectionContext, x.server.addPost("34", "one"));
    expect(x.server.streams.rules().map(({ value }) => value)).toEqual(["one"]);
  });
});

describe("a broken stream", () => {
  const line = JSON.stringify({ data: { id: "1900000000000000001", text: "half a post" } });
  it.each<[string, () => void]>([
    ["by a cut line", () => x.server.streams.cut()],
    [
      "in the middle of a post",
      () => {
        x.server.streams.write(line.slice(0, 30));
        x.server.streams.end();
      },
    ],
    ["by garbage", () => x.server.streams.write("<h1>It works</h1>\r\n")],
    ["by X's own word", () => x.server.streams.write('{"errors":[{"title":"operational-disconnect"}]}\r\n')],
    ["by a line without end", () => x.server.streams.write("a".repeat(1_100_000))],
    [
      "by silence",
      () => {
        x.server.streams.settings.silent = true;
      },
    ],
  ])("%s loses and doubles nothing", async (_, breaks) => {
    const { connectionContext, run } = await connectAccount();
    await run("subscribe", "search:word");
    await streamed();
    await arrivalOf(connectionContext, x.server.addPost("34", "word 1"));
    const before = x.server.exchanges.filter(({ endpoint }) => endpoint === `GET ${STREAM}`).length;
    // From here on no post reaches the stream.
    x.server.fault(`GET ${STREAM}`, problem(503, "about:blank", "Over capacity"));
    breaks();
    const first = x.server.addPost("34", "word 2");
    await until(() => x.server.exchanges.filter(({ endpoint }) => endpoint === `GET ${STREAM}`).length > before);
    x.server.streams.settings.silent = false;
    await arrivalOf(connectionContext, first);
    await streamed();
    await arrivalOf(connectionContext, x.server.addPost("34", "word 3"));
    expect(bodies(connectionContext)).toEqual(["word 1", "word 2", "word 3"]);
  });

  it("resumes after a restart with the posts of the gap", async () => {
    const first = await connectAccount();
    await first.run("subscribe", "search:word");
    await streamed();
    await arrivalOf(first.connectionContext, x.server.addPost("34", "word 1"));
    await first.close();
    await until(() => x.server.streams.connected() === 0);
    x.server.addPost("34", "word 2");
    const second = await connectAccount({ stateOf: first.connectionContext });
    await streamed();
    await arrivalOf(second.connectionContext, x.server.addPost("34", "word 3"));
    expect(bodies(second.connectionContext)).toEqual(["word 2", "word 3"]);
  });

  it("records a post again after the core refused it", async () => {
    let away = true;
    const inner = testConnectionContext({ credentials: oauth1Of("12") });
    const { run } = await connectAccount({
      record: async (arrival) => {
        if (away && arrival.event.object.body === "word 2") {
          away = false;
          throw new Error("Redis is away");
        }
        return inner.record(arrival);
      },
    });
    await run("subscribe", "search:word");
    await streamed();
    for (const at of [1, 2, 3]) x.server.addPost("34", `word ${at}`);
    for (const at of [1, 2, 3]) await inner.arrived(({ event }) => event.object.body === `word ${at}`);
    expect([...bodies(inner)].sort()).toEqual(["word 1", "word 2", "word 3"]);
  });

  it("skips unreadable lines", async () => {
    const { connectionContext, run } = await connectAccount();
    await run("subscribe", "search:word");
    await streamed();
    for (const odd of ["[]", "null", '{"data":{"id":"no id","text":5}}', '"text"'])
      x.server.streams.write(`${odd}\r\n`);
    await arrivalOf(connectionContext, x.server.addPost("34", "word 1"));
    const connects = x.server.exchanges.filter(
      ({ endpoint, answer }) => endpoint === `GET ${STREAM}` && !("data" in Object(answer)),
    );
    expect(connects).toHaveLength(1);
  });
});

describe("a refused stream", () => {
  it.each<[string, () => void, () => void]>([
    [
      "to the app",
      () => {
        x.server.streams.settings.forbidden = true;
      },
      () => {
        x.server.streams.settings.forbidden = false;
      },
    ],
    [
      "since it has too many connections",
      () => {
        x.server.streams.settings.most = 0;
      },
      () => {
        x.server.streams.settings.most = 1;
      },
    ],
  ])("%s is replaced by polls until it ends, and leaves no rules meanwhile", async (_, close, open) => {
    close();
    const { connectionContext, run } = await connectAccount();
    await run("subscribe", "search:word");
    await arrivalOf(connectionContext, x.server.addPost("34", "word 1"));
    await until(() =>
      x.server.exchanges.some(({ path, status }) => path.startsWith(STREAM) && [403, 429].includes(status)),
    );
    await until(() => x.server.streams.rules().length === 0);
    await arrivalOf(connectionContext, x.server.addPost("34", "word 2"));
    open();
    await streamed();
    const before = looks();
    await arrivalOf(connectionContext, x.server.addPost("34", "word 3"));
    expect([bodies(connectionContext), looks()]).toEqual([["word 1", "word 2", "word 3"], before]);
  });

  it("is replaced by polling where the app's keys are refused", async () => {
    const credentials = { ...x.server.oauth2.login("12"), bearerToken: "revoked" };
    const { connectionContext, run } = await connectAccount({ credentials });
    await run("subscribe", "search:word");
    await arrivalOf(connectionContext, x.server.addPost("34", "word 1"));
    await until(() => x.server.exchanges.some(({ path, status }) => path.startsWith(STREAM) && status === 401));
    await arrivalOf(connectionContext, x.server.addPost("34", "word 2"));
  });
});
