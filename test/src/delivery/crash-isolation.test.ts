import { setMaxListeners } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ClientCache } from "../../../src/delivery/client-cache.ts";
import { CrashIsolation } from "../../../src/delivery/crash-isolation.ts";
import { deliverer } from "../../../src/delivery/deliver.ts";
import { silentLog } from "../../../src/model/log.ts";
import type { LaneItem, LaneState, Outbox } from "../../../src/outbox/outbox.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { activityOf, entryOf, noEgress } from "../../support/gateway-core.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { sentTo, testPlatform } from "../../support/test-platform.ts";

const QUIET_MS = 1_000;
const ALONE_MS = 2_000;
const RETRY_MS = 200;

let server: TestRedis;
let ending = endingController();
let underWay: Array<Promise<unknown>> = [];
beforeAll(async () => {
  server = await testRedis();
});
afterEach(async () => {
  ending.abort();
  await Promise.allSettled(underWay);
  ending = endingController();
  underWay = [];
  await server.connect().flushall();
});
afterAll(() => server.stop());

/** Controller that ends what is under way; each item listens. */
function endingController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

function openOutbox(): Outbox {
  return redisOutbox({ redis: server.connect(), quota: 1_000, eventsKept: 1_000, retentionSeconds: 60 });
}

/** Worker process whose clock stands still. Its items hang until the test lets them end, and it dies by being left. */
function worker(outbox: Outbox, isolating: Pick<Outbox, "addSuspicion"> = outbox) {
  const clock = manualClock();
  const starts = new Map<string, number>();
  const releases = new Map<string, () => void>();
  const released = new Set<string>();
  let onStart: () => void = () => undefined;
  const platform = testPlatform(async (activity) => {
    starts.set(activity.rid, clock.now());
    onStart();
    if (!released.has(activity.rid)) await new Promise<void>((resolve) => releases.set(activity.rid, resolve));
    return sentTo(activity);
  });
  const accounts = {
    versionOf: async () => undefined,
    credentialsOf: async () => undefined,
    update: async () => undefined,
  };
  const clients = new ClientCache({ accounts, egress: noEgress, log: silentLog });
  const isolation = new CrashIsolation({ outbox: isolating, log: silentLog, clock });
  const deliver = deliverer({ outbox, isolation, clients, egress: noEgress, log: silentLog });
  return {
    clock,
    deliver(item: LaneItem, signal = ending.signal): Promise<LaneState> {
      const state = deliver(platform, item, signal);
      underWay.push(state);
      return state;
    },
    /** Waits until the verb of an activity runs. Returns when it began, by the worker's clock. */
    async startOf(rid: string): Promise<number> {
      for (;;) {
        const start = starts.get(rid);
        if (start !== undefined) return start;
        await new Promise<void>((resolve) => {
          onStart = resolve;
        });
      }
    },
    hasStarted: (rid: string) => starts.has(rid),
    /** Lets an activity end, now or as soon as it begins. */
    release(rid: string): void {
      released.add(rid);
      releases.get(rid)?.();
    },
  };
}

/** Accepts an activity in a lane of its own. Each claim after the first means that a worker died. */
async function accepted(outbox: Outbox, rid: string) {
  const entry = entryOf("app1", activityOf({ rid, target: [{ address: rid }] }));
  await outbox.accept(entry);
  const claim = async (): Promise<LaneItem> => {
    const state = await outbox.claim("app1", entry.lane);
    if (state.kind !== "item") throw new Error(`${rid} has no work: ${state.kind}`);
    return state.item;
  };
  return {
    claim,
    /** Claims it after the deaths of two workers that carried it out beside others. */
    async claimAsSuspect(): Promise<LaneItem> {
      await claim();
      await claim();
      return claim();
    },
    status: async () => (await outbox.find("app1", rid))?.status,
  };
}

describe("a verdict over an item whose workers died", () => {
  it("falls at the third death when it ran alone", async () => {
    const outbox = openOutbox();
    const poison = await accepted(outbox, "poison");
    const dying = worker(outbox);
    void dying.deliver(await poison.claimAsSuspect());
    await dying.startOf("poison");
    const next = worker(outbox);
    expect(await next.deliver(await poison.claim())).toEqual({ kind: "empty" });
    expect(next.hasStarted("poison")).toBe(false);
    expect(await poison.status()).toBe("failed");
  });

  it("does not fall when others killed the workers after it had run alone", async () => {
    const outbox = openOutbox();
    const innocent = await accepted(outbox, "innocent");
    const next = await accepted(outbox, "next");
    const dying = worker(outbox);
    void dying.deliver(await innocent.claimAsSuspect());
    await dying.clock.pass(ALONE_MS);
    void dying.deliver(await next.claim());
    await dying.startOf("next");
    const living = worker(outbox);
    living.release("innocent");
    const item = await innocent.claim();
    expect(item).toMatchObject({ claimCount: 4, suspicion: 1 });
    await living.deliver(item);
    expect(await innocent.status()).toBe("sent");
  });

  it("does not fall when the workers died while it waited for its turn", async () => {
    const outbox = openOutbox();
    const waiting = await accepted(outbox, "waiting");
    let item = await waiting.claimAsSuspect();
    for (let death = 3; death < 10; death++) {
      const dying = worker(outbox);
      const poison = await accepted(outbox, `poison-${death}`);
      void dying.deliver(await poison.claimAsSuspect());
      void dying.deliver(item);
      await dying.startOf(`poison-${death}`);
      item = await waiting.claim();
    }
    const living = worker(outbox);
    living.release("waiting");
    await living.deliver(item);
    expect(await waiting.status()).toBe("sent");
  });

  it("falls at the sixth death when it never ran alone", async () => {
    const outbox = openOutbox();
    const slow = await accepted(outbox, "slow");
    let item = await slow.claimAsSuspect();
    for (let death = 3; death <= 6; death++) {
      expect(await slow.status()).toBe("queued");
      const dying = worker(outbox);
      void dying.deliver(item);
      await dying.clock.pass(ALONE_MS);
      const fresh = await accepted(outbox, `fresh-${death}`);
      void dying.deliver(await fresh.claim());
      await dying.startOf(`fresh-${death}`);
      item = await slow.claim();
    }
    expect(item.suspicion).toBe(4);
    await worker(outbox).deliver(item);
    expect(await slow.status()).toBe("failed");
  });

  it("needs a second death while an earlier suspect was under way as well", async () => {
    const outbox = openOutbox();
    const [earlier, later] = [await accepted(outbox, "earlier"), await accepted(outbox, "later")];
    const items = [await earlier.claimAsSuspect(), await later.claimAsSuspect()];
    for (const suspicion of [2, 4]) {
      const dying = worker(outbox);
      for (const item of items.splice(0)) void dying.deliver(item);
      await dying.clock.pass(ALONE_MS);
      await dying.clock.pass(ALONE_MS);
      await dying.clock.pass(QUIET_MS);
      await dying.startOf("later");
      items.push(await earlier.claim(), await later.claim());
      expect(items[1]?.suspicion).toBe(suspicion);
    }
  });

  it("takes a failure of Redis for no crash: the suspicion is taken back once Redis answers", async () => {
    const outbox = openOutbox();
    const suspect = await accepted(outbox, "suspect");
    const item = await suspect.claimAsSuspect();
    let isFailing = true;
    const broken: Outbox = { ...outbox, complete: () => Promise.reject(new Error("Redis failed")) };
    const dying = worker(broken, {
      addSuspicion: (of, change) =>
        change < 0 && isFailing ? Promise.reject(new Error("Redis failed")) : outbox.addSuspicion(of, change),
    });
    dying.release("suspect");
    const ended = expect(dying.deliver(item)).rejects.toThrow("Redis failed");
    await dying.clock.pass(RETRY_MS);
    isFailing = false;
    await dying.clock.pass(RETRY_MS);
    await ended;
    expect((await suspect.claim()).suspicion).toBe(0);
  });

  it("takes an error for no crash, and a deferral clears what crashes left", async () => {
    const outbox = openOutbox();
    const suspect = await accepted(outbox, "suspect");
    const item = await suspect.claimAsSuspect();
    const broken: Outbox = { ...outbox, complete: () => Promise.reject(new Error("Redis failed")) };
    const failing = worker(broken);
    failing.release("suspect");
    await expect(failing.deliver(item)).rejects.toThrow("Redis failed");
    const next = await suspect.claim();
    expect(next.suspicion).toBe(0);
    await outbox.addSuspicion(next, 2);
    expect(await outbox.addSuspicion(next, -5)).toBe("recorded");
    expect((await suspect.claim()).suspicion).toBe(0);
    expect(await outbox.addSuspicion(next, 2)).toBe("lost");
  });
});

describe("the gate around a suspect", () => {
  it("lets others under way end or grow old, and opens when the suspect has run alone", async () => {
    const outbox = openOutbox();
    const [old, suspect, fresh] = [
      await accepted(outbox, "old"),
      await accepted(outbox, "suspect"),
      await accepted(outbox, "fresh"),
    ];
    const { clock, deliver, startOf } = worker(outbox);
    void deliver(await old.claim());
    await startOf("old");
    void deliver(await suspect.claimAsSuspect());
    await clock.pass(QUIET_MS);
    expect(await startOf("suspect")).toBe(QUIET_MS);
    void deliver(await fresh.claim());
    await clock.pass(ALONE_MS);
    expect(await startOf("fresh")).toBe(QUIET_MS + ALONE_MS);
  });

  it("does not wait where nothing is under way any more", async () => {
    const outbox = openOutbox();
    const [old, suspect] = [await accepted(outbox, "old"), await accepted(outbox, "suspect")];
    const { deliver, startOf, release } = worker(outbox);
    const ended = deliver(await old.claim());
    await startOf("old");
    void deliver(await suspect.claimAsSuspect());
    release("old");
    await ended;
    expect(await startOf("suspect")).toBe(0);
  });

  it("stays open between two suspects as long as it was closed", async () => {
    const outbox = openOutbox();
    const [first, second] = [await accepted(outbox, "first"), await accepted(outbox, "second")];
    const { clock, deliver, startOf } = worker(outbox);
    void deliver(await first.claimAsSuspect());
    void deliver(await second.claimAsSuspect());
    await clock.pass(ALONE_MS);
    await clock.pass(ALONE_MS);
    await clock.pass(QUIET_MS);
    expect(await startOf("second")).toBe(2 * ALONE_MS + QUIET_MS);
  });

  it("starts fresh items between twenty suspects that hang", async () => {
    const outbox = openOutbox();
    const { clock, deliver, startOf, release } = worker(outbox);
    for (let n = 0; n < 20; n++) void deliver(await (await accepted(outbox, `hanging-${n}`)).claimAsSuspect());
    for (let n = 0; n < 20; n++) {
      const closedMs = n === 0 ? ALONE_MS : QUIET_MS + ALONE_MS;
      if (n > 0) await clock.pass(QUIET_MS);
      const start = await startOf(`hanging-${n}`);
      const fresh = await accepted(outbox, `fresh-${n}`);
      release(`fresh-${n}`);
      const state = deliver(await fresh.claim());
      await clock.pass(ALONE_MS);
      expect(await state).toEqual({ kind: "empty" });
      expect(await startOf(`fresh-${n}`)).toBe(start + ALONE_MS);
      await clock.pass(closedMs);
    }
  });

  it("releases waiting items when their signal aborts, and lets the next suspect have its turn", async () => {
    const outbox = openOutbox();
    const [alone, leaving] = [await accepted(outbox, "alone"), await accepted(outbox, "leaving")];
    const [next, fresh] = [await accepted(outbox, "next"), await accepted(outbox, "fresh")];
    const { clock, deliver, startOf, hasStarted } = worker(outbox);
    const lost = new AbortController();
    void deliver(await alone.claimAsSuspect());
    await startOf("alone");
    const items = [await leaving.claimAsSuspect(), await fresh.claim()];
    const states = items.map((item) => deliver(item, lost.signal));
    void deliver(await next.claimAsSuspect());
    lost.abort();
    expect(await Promise.all(states)).toEqual(items.map((item) => ({ kind: "item", item })));
    await clock.pass(ALONE_MS);
    await clock.pass(ALONE_MS);
    await clock.pass(QUIET_MS);
    await startOf("next");
    expect([hasStarted("leaving"), hasStarted("fresh")]).toEqual([false, false]);
  });

  it("opens when Redis fails to record the suspicion", async () => {
    const outbox = openOutbox();
    const [suspect, fresh] = [await accepted(outbox, "suspect"), await accepted(outbox, "fresh")];
    const failing = { addSuspicion: () => Promise.reject(new Error("Redis failed")) };
    const { deliver, startOf, hasStarted } = worker(outbox, failing);
    await expect(deliver(await suspect.claimAsSuspect())).rejects.toThrow("Redis failed");
    void deliver(await fresh.claim());
    await startOf("fresh");
    expect(hasStarted("suspect")).toBe(false);
  });

  it("opens when Redis fails to lower the suspicion, and the suspect goes on", async () => {
    const outbox = openOutbox();
    const [suspect, fresh] = [await accepted(outbox, "suspect"), await accepted(outbox, "fresh")];
    const failing: Pick<Outbox, "addSuspicion"> = {
      addSuspicion: (item, change) =>
        change > 0 ? outbox.addSuspicion(item, change) : Promise.reject(new Error("Redis failed")),
    };
    const { clock, deliver, startOf, release } = worker(outbox, failing);
    const state = deliver(await suspect.claimAsSuspect());
    await clock.pass(ALONE_MS);
    await clock.pass(QUIET_MS);
    void deliver(await fresh.claim());
    await startOf("fresh");
    release("suspect");
    expect(await state).toEqual({ kind: "empty" });
    expect(await suspect.status()).toBe("sent");
  });

  it("starts no suspect whose lane another worker has by then", async () => {
    const outbox = openOutbox();
    const suspect = await accepted(outbox, "suspect");
    const item = await suspect.claimAsSuspect();
    await suspect.claim();
    const { deliver, hasStarted } = worker(outbox);
    expect(await deliver(item)).toEqual({ kind: "lost" });
    expect(hasStarted("suspect")).toBe(false);
  });
});
