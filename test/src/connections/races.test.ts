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
    const harness = connectionHarness();
    await harness.until(() => harness.published.includes("online"));
    const silent = barrier();
    harness.faults.claim = silent.wait;
    harness.notifyChanged();
    await silent.reached;
    const closed = harness.connections.close();
    await harness.until(() => harness.live.size === 0);
    silent.open();
    await closed;
  });

  it("neither connects nor publishes when the shard is left while credentials are opened", async () => {
    const harness = connectionHarness({ letsIn: false });
    const opening = barrier();
    harness.faults.credentials = opening.wait;
    await opening.reached;
    const closed = harness.connections.close();
    opening.open();
    await closed;
    expect(harness.published).toEqual(["connecting"]);
  });

  it("publishes nothing when the shard is left while connecting", async () => {
    const harness = connectionHarness({ letsIn: false });
    await harness.until(() => harness.dials.length === 1);
    await harness.connections.close();
    expect(harness.published).toEqual(["connecting"]);
    expect(harness.record.state).toBe("offline");
  });

  it("does not connect a changed account without a reason to connect", async () => {
    const harness = connectionHarness({ online: false });
    harness.put("2");
    await harness.empty();
    expect(harness.dials).toHaveLength(0);
    await harness.connections.close();
  });

  it("reconnects with credentials stored while connecting, and ignores the end of the old attempt", async () => {
    const harness = connectionHarness({ letsIn: false });
    await harness.until(() => harness.dials.length === 1);
    harness.put("2");
    await harness.until(() => harness.dials.length === 2);
    expect(harness.dials[0]?.context.signal.aborted).toBe(true);
    expect(harness.dials[1]?.context.credentials).toEqual({ version: "2" });
    harness.dials[1]?.answer("in");
    await harness.until(() => harness.published.at(-1) === "online");
    expect(harness.published).not.toContain("offline");
    await harness.connections.close();
  });

  it("does not publish a refusal of old credentials for new ones", async () => {
    const harness = connectionHarness({ letsIn: false });
    await harness.until(() => harness.dials.length === 1);
    harness.record.version = "2";
    harness.dials[0]?.answer(credentialsFailure());
    await harness.until(() => harness.dials.length === 2);
    expect(harness.published).not.toContain("needs-login");
    await harness.connections.close();
  });

  for (const [change, method] of [
    ["deleted", "remove"],
    ["let go", "put"],
  ] as const) {
    it(`stops connecting when the account is ${change}`, async () => {
      const harness = connectionHarness({ letsIn: false });
      await harness.until(() => harness.dials.length === 1);
      if (method === "remove") harness.remove();
      else harness.put("2", false);
      await harness.empty();
      expect(harness.dials).toHaveLength(1);
      expect(harness.dials[0]?.context.signal.aborted).toBe(true);
      await harness.connections.close();
    });
  }

  it("disconnects at once after `disconnect` in spite of recent work, and publishes offline", async () => {
    const harness = connectionHarness({ online: false });
    await harness.use("go", nothing);
    expect(harness.live.size).toBe(1);
    await harness.use("disconnect", nothing);
    await harness.empty();
    expect(harness.live.size).toBe(0);
    expect(harness.published).toEqual(["connecting", "online", "offline"]);
    await harness.connections.close();
  });

  it("disconnects after `disconnect` as soon as work in progress has ended", async () => {
    const harness = connectionHarness({ online: false });
    const working = barrier();
    const work = harness.use("go", working.wait);
    await working.reached;
    await harness.use("disconnect", nothing);
    expect(harness.live.size).toBe(1);
    working.open();
    await work;
    harness.notifyChanged();
    await harness.empty();
    expect(harness.live.size).toBe(0);
    await harness.connections.close();
  });

  it("retries an account refused to a former owner for the first `connect`", async () => {
    const harness = connectionHarness({ online: false, state: "needs-login" });
    await expect(harness.use("go", nothing)).rejects.toMatchObject({ kind: "auth" });
    await harness.use("connect", nothing);
    expect(harness.dials).toHaveLength(1);
    await harness.connections.close();
    const fresh = connectionHarness({ online: false, state: "needs-login" });
    await fresh.use("connect", nothing);
    expect(fresh.dials).toHaveLength(1);
    await fresh.connections.close();
  });

  it("lets work that waits for a client be aborted", async () => {
    const harness = connectionHarness({ letsIn: false });
    const calling = new AbortController();
    let done = false;
    const run = async () => {
      done = true;
    };
    const work = harness.use("go", run, calling.signal);
    await harness.until(() => harness.dials.length === 1);
    calling.abort(new Error("shutting down"));
    await expect(work).rejects.toMatchObject({ kind: "retryable" });
    harness.dials[0]?.answer("in");
    await harness.until(() => harness.published.includes("online"));
    expect(done).toBe(false);
    await harness.connections.close();
  });

  it("reconnects an account that is stored again while its end is published", async () => {
    const harness = connectionHarness();
    await harness.until(() => harness.published.includes("online"));
    const ending = barrier();
    harness.faults.publish = async (state) => (state === "offline" ? ending.wait() : undefined);
    harness.put("2", false);
    await ending.reached;
    harness.put("3", true);
    harness.faults.publish = nothing;
    ending.open();
    await harness.until(() => harness.live.size === 1);
    expect(harness.dials.at(-1)?.context.credentials).toEqual({ version: "3" });
    await harness.connections.close();
  });

  it("makes no connection for work that comes after the shard was left", async () => {
    const harness = connectionHarness({ online: false });
    await harness.connections.close();
    await expect(harness.use("go", nothing)).rejects.toMatchObject({ kind: "retryable" });
    expect(harness.connections.size()).toBe(0);
  });

  it("defers work while credentials can't be opened, and recovers", async () => {
    const harness = connectionHarness();
    harness.faults.credentials = () => Promise.reject(new Error("no such key"));
    harness.faults.claim = nothing;
    await expect(harness.use("go", nothing)).rejects.toMatchObject({ kind: "retryable" });
    delete harness.faults.credentials;
    harness.notifyChanged();
    await harness.until(() => harness.live.size === 1);
    await harness.connections.close();
  });

  it("reconnects at once when other credentials are stored during the backoff", async () => {
    const harness = connectionHarness({ letsIn: false });
    await harness.until(() => harness.dials.length === 1);
    harness.dials[0]?.answer(networkFailure());
    await harness.until(() => harness.published.includes("offline"));
    harness.put("2");
    await harness.until(() => harness.dials.length === 2);
    await harness.connections.close();
  });

  it("does not leak memory over many account checks", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const harness = connectionHarness();
    await harness.until(() => harness.published.includes("online"));
    let checks = 0;
    async function heapAfter(times: number): Promise<number> {
      for (let n = 0; n < times; n++) {
        const seen = barrier();
        harness.faults.claim = async () => {
          checks += 1;
          seen.open();
        };
        harness.notifyChanged();
        await seen.wait();
        await new Promise(setImmediate);
      }
      collect();
      return process.memoryUsage().heapUsed;
    }
    const before = await heapAfter(5_000);
    const after = await heapAfter(20_000);
    expect(checks).toBeGreaterThan(24_000);
    expect(after - before).toBeLessThan(2_000_000);
    await harness.connections.close();
  });

  it("keeps the connection while Redis refuses inbound events for a moment, and stores them in order", async () => {
    const harness = connectionHarness();
    await harness.until(() => harness.published.includes("online"));
    const stored: string[] = [];
    let refusals = 2;
    harness.faults.record = async (key) => {
      if (refusals-- > 0) throw new Error("OOM command not allowed");
      stored.push(key);
    };
    const { context: connectionContext } = harness.dials[0] as (typeof harness.dials)[number];
    const arrive = (key: string) => connectionContext.record({ key, event: {} as never });
    expect(await Promise.all([arrive("1"), arrive("2")])).toEqual(["new", "new"]);
    expect(stored).toEqual(["1", "2"]);
    expect(harness.live.size).toBe(1);
    await harness.connections.close();
  });

  it("logs no text of a server that refuses the login, which may echo the password", async () => {
    const lines: unknown[] = [];
    const write = (...line: unknown[]): void => void lines.push(line);
    const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log };
    const harness = connectionHarness({ letsIn: false, log });
    await harness.until(() => harness.dials.length === 1);
    const echo = "not-authorized: the password s3cret-pass is wrong";
    harness.dials[0]?.answer(new Failure({ kind: "auth", code: "credentials-invalid", detail: "Wrong.", cause: echo }));
    await harness.until(() => harness.published.includes("needs-login"));
    await harness.connections.close();
    expect(inspect(lines, { depth: 9 })).not.toContain("s3cret-pass");
  });

  it("disconnects without an event when another worker owns the account", async () => {
    const harness = connectionHarness();
    await harness.until(() => harness.published.includes("online"));
    harness.faults.record = () => Promise.reject(new OwnershipLost());
    harness.faults.claim = () => Promise.reject(new OwnershipLost());
    await expect(harness.dials[0]?.context.record({ key: "1", event: {} as never })).rejects.toThrow(OwnershipLost);
    await harness.empty();
    expect(harness.live.size).toBe(0);
    expect(harness.published).toEqual(["connecting", "online"]);
    await harness.connections.close();
  });
});
