import { afterAll, beforeAll, expect, it } from "vitest";
import { keys } from "../../src/redis/keys.ts";
import { activityOf, gatewayCore } from "../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";
import { sentTo, testPlatform } from "../support/test-platform.ts";

const COUNT = 3_000;
const WINDOW = 100;
const LANES = 1_000;

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

/** Reads counters of the server that don't depend on the machine. */
async function counters() {
  const redis = server.connect();
  const [stats, persistence] = await Promise.all([redis.info("commandstats"), redis.info("persistence")]);
  redis.disconnect();
  const calls = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, count]) => [name, Number(count)]);
  return {
    commands: calls.reduce((sum, [, count]) => sum + Number(count), 0),
    scripts: calls.reduce((sum, [name, count]) => sum + (String(name).startsWith("eval") ? Number(count) : 0), 0),
    aof: Number(/aof_current_size:(\d+)/.exec(persistence)?.[1]),
  };
}

it("an activity of 300 bytes costs a bounded number of script calls, commands and bytes", async () => {
  const core = gatewayCore(server, [
    testPlatform(async (activity, context) => {
      await context.commit();
      return sentTo(activity);
    }),
  ]);
  core.startWorkers(WINDOW);
  // Its rounds don't depend on the number of activities.
  await core.sweeper.stop();
  const reader = server.connect();
  const waiting = new Map<string, () => void>();
  let isOver = false;

  async function followResults(): Promise<void> {
    for (let last = "0-0"; !isOver; ) {
      const answer = await reader.xread("BLOCK", 500, "STREAMS", keys.log("app1"), last);
      for (const [id, [field, value]] of answer?.[0]?.[1] ?? []) {
        last = id;
        const event = field === "e" ? (JSON.parse(String(value)) as Record<string, string>) : {};
        if (event.type === "result") waiting.get(String(event.rid))?.();
      }
    }
  }

  /** Keeps `window` activities under way until `total` have a result. */
  async function run(name: string, total: number, window = WINDOW): Promise<void> {
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < total) {
        const index = next++;
        const rid = `${name}${index}`;
        const ended = new Promise<void>((resolve) => waiting.set(rid, resolve));
        const target = [{ address: `t${index % LANES}@example.com` }];
        await core.accept("app1", activityOf({ rid, target, object: { body: "x".repeat(170) } }));
        await ended;
      }
    };
    await Promise.all(Array.from({ length: window }, one));
  }

  const following = followResults();
  await run("warm", 300);
  const before = await counters();
  await run("cost", COUNT);
  const after = await counters();
  const each = (name: keyof typeof before) => (after[name] - before[name]) / COUNT;
  const redis = server.connect();
  const memory = await redis.memory("USAGE", keys.record("app1", "cost1"));
  const listed = await redis.memory("USAGE", keys.history("app1"), "SAMPLES", 0);
  const history = Number(listed) / (await redis.zcard(keys.history("app1")));
  await run("single", 100, 1);
  const single = ((await counters()).scripts - after.scripts) / 100;
  const figures = {
    scripts: each("scripts"),
    commands: each("commands"),
    aof: each("aof"),
    memory: Number(memory),
    history,
    single,
  };
  console.log(`per activity: ${JSON.stringify(figures)}`);
  isOver = true;
  await following;
  await core.close();
  expect(figures.scripts).toBeLessThanOrEqual(1);
  expect(figures.commands).toBeLessThanOrEqual(23);
  expect(figures.aof).toBeLessThanOrEqual(2_560);
  // Accept, claim, commit and complete, one after the other; a drainer's sign of life now and then.
  expect(figures.single).toBeLessThanOrEqual(4.5);
  // 296, or the allocator's next size where a busy machine's steps take more digits of milliseconds.
  expect(figures.memory).toBeLessThanOrEqual(328);
  expect(figures.history).toBeLessThanOrEqual(110);
});
