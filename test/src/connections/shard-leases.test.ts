import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ShardLeases } from "../../../src/connections/shard-leases.ts";
import { silentLog } from "../../../src/model/log.ts";
import { SHARDS } from "../../../src/model/shard.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
const running: ShardLeases[] = [];
const changes = new EventEmitter().setMaxListeners(0);

beforeAll(async () => {
  server = await testRedis();
});
beforeEach(() => server.connect().flushall());
afterEach(async () => {
  await Promise.all(running.splice(0).map((leases) => leases.stop()));
});
afterAll(() => server.stop());

/** Worker that only records its shards; its leases last a second. */
function worker(name: string, slowly?: Promise<void>, leaseMs = 1_000) {
  const redis = server.connect();
  const has = new Map<number, number>();
  const left: string[] = [];
  const cut: number[] = [];
  const leases = new ShardLeases({
    redis,
    worker: name,
    log: silentLog,
    leaseMs,
    everyMs: leaseMs > 1_000 ? leaseMs / 5 : 50,
    gained: (shard, fence) => {
      has.set(shard, fence);
      changes.emit("change");
    },
    leave: async (shard, lost) => {
      left.push(lost.aborted ? "lost" : "handed-over");
      lost.addEventListener("abort", () => cut.push(shard));
      await slowly;
      has.delete(shard);
      changes.emit("change");
    },
  });
  running.push(leases);
  return { redis, has, left, cut, stop: () => leases.stop() };
}

async function until(fits: () => boolean): Promise<void> {
  while (!fits()) await once(changes, "change", { signal: AbortSignal.timeout(10_000) });
}
const all = (...workers: ReadonlyArray<{ readonly has: ReadonlyMap<number, number> }>) =>
  workers.flatMap(({ has }) => [...has.keys()]).sort((a, b) => a - b);
const EVERY = Array.from({ length: SHARDS }, (_, shard) => shard);

describe("ShardLeases", () => {
  it("shares the shards evenly and moves those of a stopped worker to the other", async () => {
    const first = worker("a");
    await until(() => first.has.size === SHARDS);
    const second = worker("b");
    await until(() => first.has.size === SHARDS / 2 && second.has.size === SHARDS / 2);
    expect(all(first, second)).toEqual(EVERY);
    expect(new Set(first.left)).toEqual(new Set(["handed-over"]));
    await first.stop();
    await until(() => second.has.size === SHARDS);
  });

  it("hands a shard over only after its owner has left it", async () => {
    let done: () => void = () => undefined;
    const first = worker(
      "a",
      new Promise<void>((resolve) => {
        done = resolve;
      }),
    );
    await until(() => first.has.size === SHARDS);
    const before = new Map(first.has);
    const second = worker("b");
    while (first.left.length === 0) await second.redis.ping();
    expect(second.has.size).toBe(0);
    done();
    await until(() => second.has.size === SHARDS / 2);
    for (const [shard, fence] of second.has) expect(fence).toBeGreaterThan(before.get(shard) as number);
  });

  it("gives a dead worker's shards to the others under higher fences", async () => {
    const first = worker("a");
    const second = worker("b");
    await until(() => all(first, second).length === SHARDS && first.has.size === second.has.size);
    const before = new Map(first.has);
    first.redis.disconnect();
    await until(() => second.has.size === SHARDS);
    for (const [shard, fence] of before) expect(second.has.get(shard)).toBeGreaterThan(fence);
    // The disconnected worker gave its shards up, before or after the takeover.
    await until(() => first.has.size === 0);
    expect(new Set(first.left.slice(-before.size))).toEqual(new Set(["lost"]));
    await first.redis.connect();
    await until(() => first.has.size === SHARDS / 2 && second.has.size === SHARDS / 2);
  });

  it("keeps the shards over a short outage of Redis", async () => {
    const only = worker("a");
    await until(() => only.has.size === SHARDS);
    const before = new Map(only.has);
    await server.kill();
    await server.start();
    await only.redis.ping();
    await Promise.race([once(changes, "change"), only.redis.blpop("nothing", 0.2)]);
    if (only.left.length === 0) expect(only.has).toEqual(before);
    else await until(() => only.has.size === SHARDS);
  });

  /** By Redis' clock, as the leases. */
  const later = async (seconds: number) => server.connect().blpop("nothing", seconds);

  it("keeps the leases of a stopping worker until its shards are left", async () => {
    let done: () => void = () => undefined;
    const slowly = new Promise<void>((resolve) => {
      done = resolve;
    });
    const first = worker("a", slowly);
    await until(() => first.has.size === SHARDS);
    const second = worker("b");
    const stopping = first.stop();
    await later(3);
    expect(second.has.size).toBe(0);
    expect(first.has.size).toBe(SHARDS);
    expect(first.cut).toEqual([]);
    done();
    await stopping;
    await until(() => second.has.size === SHARDS);
  });

  it("aborts a hand-over when Redis is unreachable for as long as the lease", async () => {
    let done: () => void = () => undefined;
    const first = worker(
      "a",
      new Promise<void>((resolve) => {
        done = resolve;
      }),
    );
    await until(() => first.has.size === SHARDS);
    const second = worker("b");
    while (first.left.length < SHARDS / 2) await second.redis.ping();
    first.redis.disconnect();
    await later(3);
    expect(first.cut).toHaveLength(SHARDS / 2);
    expect(first.left.slice(SHARDS / 2)).toEqual(Array(SHARDS / 2).fill("lost"));
    done();
    await until(() => second.has.size === SHARDS);
    await first.redis.connect();
  });

  it("ignores a renewal answered after the lease has run out", async () => {
    const first = worker("a", undefined, 3_000);
    await until(() => first.has.size === SHARDS);
    process.kill(server.pid(), "SIGSTOP");
    await until(() => first.has.size === 0);
    first.left.length = 0;
    // Older than the lease.
    await sleep(2_500);
    process.kill(server.pid(), "SIGCONT");
    await until(() => first.has.size === SHARDS);
    await later(1);
    expect(first.left).toEqual([]);
  });
});
