import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { keyring } from "../../../src/crypto/keyring.ts";
import { TOPICS_APP, topicEndpoints } from "../../../src/inbound/topic-endpoint.ts";
import { redisWebhookEndpoints } from "../../../src/inbound/webhook-endpoints.ts";
import { redisTopics } from "../../../src/polling/redis-topics.ts";
import { keys } from "../../../src/redis/keys.ts";
import { rotateKeys } from "../../../src/rotation/rotate-keys.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

it("a topic's endpoint opens under the topic's id, marks the topic first, is resealed by key rotation, and closes", async () => {
  const redis = server.connect();
  const ring = await keyring({ path: join(server.dir, "master.key"), opens: true });
  const endpoints = redisWebhookEndpoints({ redis, keyring: ring });
  const topics = redisTopics({ redis });
  await topics.subscribe({ app: "app1", platform: "feeds", actor: "bob" }, "https://example.com/", true);
  const limits = { maxTopics: 1, leaseMs: 0, maxPerApp: 1, running: new Map() };
  const take = async () =>
    (await Promise.all(Array.from({ length: 16 }, (_, part) => topics.claimDue(part, limits))))
      .flat()
      .find((topic) => topic !== undefined);
  const due = await take();
  if (!due) throw new Error("It was not due");
  const endpointOf = topicEndpoints({ endpoints, topics, base: "https://outside.example/gateway" })(due);
  expect(await endpointOf.secrets()).toBeUndefined();
  const url = await endpointOf.open({ secret: "CNRY-hub" });
  expect(url).toMatch(/^https:\/\/outside\.example\/gateway\/inbound\/feeds\/[\w-]{24}$/);
  expect(await endpointOf.open({ secret: "CNRY-hub", more: "x" })).toBe(url);
  const id = url.slice(-24);
  expect(await endpoints.find("feeds", id)).toMatchObject({ app: TOPICS_APP, subject: due.id });
  expect((await take())?.hasRemoteState).toBe(true);

  const sealed = await redis.hget(keys.webhookEndpoint(id), "sealed");
  expect(sealed).not.toContain("CNRY");
  await rotateKeys({ redis, keyring: ring });
  expect(await redis.hget(keys.webhookEndpoint(id), "sealed")).not.toBe(sealed);
  expect(await endpointOf.secrets()).toEqual({ secret: "CNRY-hub", more: "x" });

  await endpointOf.close();
  expect(await endpoints.find("feeds", id)).toBeUndefined();
  expect((await take())?.hasRemoteState).toBe(false);
});
