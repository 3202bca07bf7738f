import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { keys } from "../../../src/redis/keys.ts";
import { activityOf, entryOf } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

/** Counts the commands that Redis executed, those of scripts included, while `work` ran. */
async function commandsOf(work: () => Promise<unknown>): Promise<number> {
  const client = server.connect();
  await client.config("RESETSTAT");
  await work();
  const stats = await client.info("commandstats");
  const calls = [...stats.matchAll(/^cmdstat_(?!config|info)[^:]+:calls=(\d+)/gm)].map(([, count]) => Number(count));
  return calls.reduce((sum, count) => sum + count, 0);
}

describe("sweep", () => {
  it("costs two commands for a tag without activities", async () => {
    const outbox = redisOutbox({ redis: server.connect(), quota: 10, eventsKept: 10, retentionSeconds: 60 });
    const tag = keys.tags[0] as string;
    await outbox.sweep(tag);
    let answer: unknown;
    expect(await commandsOf(async () => (answer = await outbox.sweep(tag)))).toBe(2);
    expect(answer).toEqual({ wakes: [], late: [], outstanding: 0 });
  });

  it("finds the only activity of a tag", async () => {
    const outbox = redisOutbox({ redis: server.connect(), quota: 10, eventsKept: 10, retentionSeconds: 60 });
    await outbox.accept(entryOf("app1", activityOf(), { lifetimeMs: 60_000 }));
    expect(await outbox.sweep(keys.tagOf("app1"))).toMatchObject({ outstanding: 1 });
  });
});
