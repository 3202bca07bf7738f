import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { activityOf, gatewayCore } from "../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";
import { sentTo, testPlatform } from "../support/test-platform.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

it("sendWorker > lets a quiet app pass a noisy app's backlog", async () => {
  const order: string[] = [];
  const slow = testPlatform(async (activity) => {
    await setTimeout(5);
    order.push(activity.rid);
    return sentTo(activity);
  });
  const core = gatewayCore(server, [slow]);
  for (let i = 0; i < 200; i++)
    await core.accept("noisy", activityOf({ rid: `noisy-${i}`, target: [{ address: `t${i}` }] }));
  for (let i = 0; i < 5; i++) await core.accept(`quiet${i}`, activityOf({ rid: `quiet-${i}` }));
  core.startWorkers(2);
  await core.results("noisy", 200);
  await core.close();
  const positions = [0, 1, 2, 3, 4].map((i) => order.indexOf(`quiet-${i}`));
  expect(Math.max(...positions)).toBeLessThan(20);
});
