import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { OwnershipLost } from "../../../src/accounts/account-ownership.ts";
import { Failure } from "../../../src/model/failure.ts";
import type { Log } from "../../../src/model/log.ts";
import { barrier, connectionHarness, credentialsFailure, networkFailure } from "../../support/connection-harness.ts";

const nothing = async () => undefined;

describe("AccountConnection under races and faults", () => {
  it("disconnects at once when the shard is left while Redis does not answer", async () => {
    const world = connectionHarness();
    await world.until(() => world.published.includes("online"));
    const silent = barrier();
    world.faults.claim = silent.wait;
    world.notifyChanged();
    await silent.reached;
    const closed = world.connections.close();
    await world.until(() => world.live.size === 0);
    silent.open();
    await closed;
  });

  it("neither connects nor publishes when the shard is left while credentials are opened", async () => {
    const world = connectionHarness({ letsIn: false });
    const opening = barrier();
    world.faults.credentials = opening.wait;
    await opening.reached;
    const closed = world.connections.close();
    opening.open();
    await closed;
    expect(world.published).toEqual(["connecting"]);
  });

  it("publishes nothing when the shard is left while connecting", async () => {
    const world = connectionHarness({ letsIn: false });
    await world.until(() => world.dials.length === 1);
    await world.connections.close();
    expect(world.published).toEqual(["connecting"]);
    expect(world.record.state).toBe("offline");
  });

  it("does not connect a changed account without a reason to connect", async () => {
    const world = connectionHarness({ online: false });
    world.put("2");
    await world.empty();
    expect(world.dials).toHaveLength(0);
    await world.connections.close();
  });

  it("reconnects with credentials stored while connecting, and ignores the end of the old attempt", async () => {
    const world = connectionHarness({ letsIn: false });
    await world.until(() => world.dials.length === 1);
    world.put("2");
    await world.until(() => world.dials.length === 2);
    expect(world.dials[0]?.context.signal.aborted).toBe(true);
    expect(world.dials[1]?.context.credentials).toEqual({ version: "2" });
    world.dials[1]?.answer("in");
    await world.until(() => world.published.at(-1) === "online");
    expect(world.published).not.toContain("offline");
    await world.connections.close();
  });

  it("does not publish a refusal of old credentials for new ones", async () => {
    const world = connectionHarness({ letsIn: false });
    await world.until(() => world.dials.length === 1);
    world.record.version = "2";
    world.dials[0]?.answer(credentialsFailure());
    await world.until(() => world.dials.length === 2);
    expect(world.published).not.toContain("needs-login");
    await world.connections.close();
  });

  for (const [change, method] of [
    ["deleted", "remove"],
    ["let go", "put"],
  ] as const) {
    it(`stops connecting when the account is ${change}`, async () => {
      const world = connectionHarness({ letsIn: false });
      await world.until(() => world.dials.length === 1);
      if (method === "remove") world.remove();
      else world.put("2", false);
      await world.empty();
      expect(world.dials).toHaveLength(1);
      expect(world.dials[0]?.context.signal.aborted).toBe(true);
      await world.connections.close();
    });
  }

  it("disconnects at once after `disconnect` in spite of recent work, and publishes offline", async () => {
    const world = connectionHarness({ online: false });
    await world.use("go", nothing);
    expect(world.live.size).toBe(1);
    await world.use("disconnect", nothing);
    await world.empty();
    expect(world.live.size).toBe(0);
    expect(world.published).toEqual(["connecting", "online", "offline"]);
    await world.connections.close();
  });

  it("disconnects after `disconnect` as soon as work in progress has ended", async () => {
    const world = connectionHarness({ online: false });
    const working = barrier();
    const work = world.use("go", working.wait);
    await working.reached;
    await world.use("disconnect", nothing);
    expect(world.live.size).toBe(1);
    working.open();
    await work;
    world.notifyChanged();
    await world.empty();
    expect(world.live.size).toBe(0);
    await world.connections.close();
  });

  it("retries an account refused to a former owner for the first `connect`", async () => {
    const world = connectionHarness({ online: false, state: "needs-login" });
    await expect(world.use("go", nothing)).rejects.toMatchObject({ kind: "auth" });
    await world.use("connect", nothing);
    expect(world.dials).toHaveLength(1);
    await world.connections.close();
    const fresh = connectionHarness({ online: false, state: "needs-login" });
    await fresh.use("connect", nothing);
    expect(fresh.dials).toHaveLength(1);
    await fresh.connections.close();
  });

  it("lets work that waits for a client be aborted", async () => {
    const world = connectionHarness({ letsIn: false });
    const calling = new AbortController();
    let done = false;
    const run = async () => {
      done = true;
    };
    const work = world.use("go", run, calling.signal);
    await world.until(() => world.dials.length === 1);
    calling.abort(new Error("shutting down"));
    await expect(work).rejects.toMatchObject({ kind: "retryable" });
    world.dials[0]?.answer("in");
    await world.until(() => world.published.includes("online"));
    expect(done).toBe(false);
    await world.connections.close();
  });

  it("reconnects an account that is stored again while its end is published", async () => {
    const world = connectionHarness();
    await world.until(() => world.published.includes("online"));
    const ending = barrier();
    world.faults.say = async (state) => (state === "offline" ? ending.wait() : undefined);
    world.put("2", false);
    await ending.reached;
    world.put("3", true);
    world.faults.say = nothing;
    ending.open();
    await world.until(() => world.live.size === 1);
    expect(world.dials.at(-1)?.context.credentials).toEqual({ version: "3" });
    await world.connections.close();
  });

  it("makes no connection for work that comes after the shard was left", async () => {
    const world = connectionHarness({ online: false });
    await world.connections.close();
    await expect(world.use("go", nothing)).rejects.toMatchObject({ kind: "retryable" });
    expect(world.connections.size()).toBe(0);
  });

  it("defers work while credentials can't be opened, and recovers", async () => {
    const world = connectionHarness();
    world.faults.credentials = () => Promise.reject(new Error("no such key"));
    world.faults.claim = nothing;
    await expect(world.use("go", nothing)).rejects.toMatchObject({ kind: "retryable" });
    delete world.faults.credentials;
    world.notifyChanged();
    await world.until(() => world.live.size === 1);
    await world.connections.close();
  });

  it("reconnects at once when other credentials are stored during the backoff", async () => {
    const world = connectionHarness({ letsIn: false });
    await world.until(() => world.dials.length === 1);
    world.dials[0]?.answer(networkFailure());
    await world.until(() => world.published.includes("offline"));
    world.put("2");
    await world.until(() => world.dials.length === 2);
    await world.connections.close();
  });

  it("does not leak memory over many account checks", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const world = connectionHarness();
    await world.until(() => world.published.includes("online"));
    let looks = 0;
    async function look(times: number): Promise<number> {
      for (let n = 0; n < times; n++) {
        const seen = barrier();
        world.faults.claim = async () => {
          looks += 1;
          seen.open();
        };
        world.notifyChanged();
        await seen.wait();
        await new Promise(setImmediate);
      }
      collect();
      return process.memoryUsage().heapUsed;
    }
    const before = await look(5_000);
    const after = await look(20_000);
    expect(looks).toBeGreaterThan(24_000);
    expect(after - before).toBeLessThan(2_000_000);
    await world.connections.close();
  });

  it("keeps the connection while Redis refuses inbound events for a moment, and stores them in order", async () => {
    const world = connectionHarness();
    await world.until(() => world.published.includes("online"));
    const stored: string[] = [];
    let refusals = 2;
    world.faults.arrive = async (key) => {
      if (refusals-- > 0) throw new Error("OOM command not allowed");
      stored.push(key);
    };
    const { context: connectionContext } = world.dials[0] as (typeof world.dials)[number];
    const arrive = (key: string) => connectionContext.record({ key, event: {} as never });
    expect(await Promise.all([arrive("1"), arrive("2")])).toEqual(["new", "new"]);
    expect(stored).toEqual(["1", "2"]);
    expect(world.live.size).toBe(1);
    await world.connections.close();
  });

  it("logs no text of a server that refuses the login, which may echo the password", async () => {
    const lines: unknown[] = [];
    const write = (...line: unknown[]): void => void lines.push(line);
    const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log };
    const world = connectionHarness({ letsIn: false, log });
    await world.until(() => world.dials.length === 1);
    const echo = "not-authorized: the password s3cret-pass is wrong";
    world.dials[0]?.answer(new Failure({ kind: "auth", code: "credentials-invalid", detail: "Wrong.", cause: echo }));
    await world.until(() => world.published.includes("needs-login"));
    await world.connections.close();
    expect(inspect(lines, { depth: 9 })).not.toContain("s3cret-pass");
  });

  it("disconnects without an event when another worker owns the account", async () => {
    const world = connectionHarness();
    await world.until(() => world.published.includes("online"));
    world.faults.arrive = () => Promise.reject(new OwnershipLost());
    world.faults.claim = () => Promise.reject(new OwnershipLost());
    await expect(world.dials[0]?.context.record({ key: "1", event: {} as never })).rejects.toThrow(OwnershipLost);
    await world.empty();
    expect(world.live.size).toBe(0);
    expect(world.published).toEqual(["connecting", "online"]);
    await world.connections.close();
  });
});
