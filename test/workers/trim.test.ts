import { afterAll, beforeAll, expect, it } from "vitest";
import { isGap } from "../../src/event-log/event-log.ts";
import { redisEventLog } from "../../src/event-log/redis-event-log.ts";
import { silentLog } from "../../src/model/log.ts";
import { redisHistory } from "../../src/outbox/history.ts";
import { keys } from "../../src/redis/keys.ts";
import { trimming } from "../../workers/trim.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

it("trimming > drops each app's expired events and keeps younger ones", async () => {
  const redis = server.connect();
  const eventLog = redisEventLog({ redis, eventsKept: 100 });
  const history = redisHistory({ redis, maxEntries: 1_000, retentionSeconds: 3_600 });
  const old = Date.now() - 25 * 3_600_000;
  await redis.sadd(keys.apps, "one", "two");
  for (const app of ["one", "two"]) {
    await redis.set(keys.epoch(app), "epoch1");
    await redis.xadd(keys.log(app), `${old}-0`, "epoch", "epoch1");
    for (let i = 1; i <= 200; i++) await redis.xadd(keys.log(app), `${old}-${i}`, "e", "{}");
    await redis.xadd(keys.log(app), "*", "e", '{"young":true}');
  }
  const trim = trimming({ redis, eventLog, history, hours: 24, log: silentLog });
  await trim.once();
  trim.stop();
  for (const app of ["one", "two"]) {
    expect((await redis.xrange(keys.log(app), "-", "+")).map(([, fields]) => fields)).toEqual([
      ["e", '{"young":true}'],
    ]);
    expect(isGap({ epoch: "epoch1", id: `${old}-5` }, await eventLog.bounds(app))).toBe(true);
  }
});
