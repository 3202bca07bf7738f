import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Keyring, keyring } from "../../../src/crypto/keyring.ts";
import { redisWebhookEndpoints } from "../../../src/inbound/webhook-endpoints.ts";
import { keys } from "../../../src/redis/keys.ts";
import { rotateKeys } from "../../../src/rotation/rotate-keys.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
let redis: ReturnType<TestRedis["connect"]>;
let ring: Keyring;
let endpoints: ReturnType<typeof redisWebhookEndpoints>;
beforeAll(async () => {
  server = await testRedis();
  redis = server.connect();
  const path = join(server.dir, "master.key");
  ring = await keyring({ path, opens: true });
  // The API has no private halves, and needs none.
  endpoints = redisWebhookEndpoints({ redis, keyring: await keyring({ path, opens: false }) });
});
afterAll(() => server.stop());

const secrets = { appSecret: "CNRY-door-secret" };

it("an endpoint leads from an unguessable id to the app's account, and keeps its id until closed", async () => {
  const id = await endpoints.open("app1", "facebook", "acc_1", { appSecret: "older" });
  expect(id).toMatch(/^[A-Za-z0-9_-]{24}$/);
  expect(await endpoints.open("app1", "facebook", "acc_1", secrets)).toBe(id);
  expect(await endpoints.idOf("app1", "facebook", "acc_1")).toBe(id);
  expect(await endpoints.find("facebook", id)).toEqual({ app: "app1", subject: "acc_1", secrets });
  const others = await Promise.all([
    endpoints.open("app2", "facebook", "acc_1", secrets),
    endpoints.open("app1", "twitter", "acc_1", secrets),
    endpoints.open("app1", "facebook", "acc_2", secrets),
  ]);
  expect(new Set([id, ...others]).size).toBe(4);
  await endpoints.close("app1", "facebook", "acc_1");
  expect(await endpoints.find("facebook", id)).toBeUndefined();
  expect(await endpoints.idOf("app1", "facebook", "acc_1")).toBeUndefined();
  expect(await endpoints.find("facebook", others[0] as string)).toMatchObject({ app: "app2" });
  expect(await endpoints.open("app1", "facebook", "acc_1", secrets)).not.toBe(id);
  await endpoints.close("app1", "facebook", "never there");
});

it("an endpoint is not found for another platform or a malformed id", async () => {
  const id = await endpoints.open("app1", "facebook", "acc_3", secrets);
  for (const [platform, wrong] of [
    ["twitter", id],
    ["facebook", ""],
    ["facebook", `${id}x`],
    ["facebook", "../accounts/app1/acc_3xyz"],
  ] as const)
    expect(await endpoints.find(platform, wrong)).toBeUndefined();
});

it("simultaneous calls open one endpoint", async () => {
  const ids = await Promise.all(
    Array.from({ length: 20 }, () => endpoints.open("app1", "facebook", "acc_many", secrets)),
  );
  expect(new Set(ids).size).toBe(1);
  expect(await endpoints.find("facebook", ids[0] as string)).toMatchObject({ secrets });
});

it("an endpoint's secrets are sealed to their place and resealed by key rotation", async () => {
  await redis.sadd(keys.apps, "app1");
  const [id, other] = [
    await endpoints.open("app1", "facebook", "acc_4", secrets),
    await endpoints.open("app1", "facebook", "acc_5", secrets),
  ];
  const before = await redis.hget(keys.webhookEndpoint(id), "sealed");
  expect(JSON.stringify(await redis.hgetall(keys.webhookEndpoint(id)))).not.toContain("CNRY");
  await rotateKeys({ redis, keyring: ring });
  expect(ring.isCurrent((await redis.hget(keys.webhookEndpoint(id), "sealed")) ?? "")).toBe(true);
  expect(ring.isCurrent(before ?? "")).toBe(false);
  expect(await endpoints.find("facebook", id)).toEqual({ app: "app1", subject: "acc_4", secrets });
  await redis.hset(keys.webhookEndpoint(other), "sealed", (await redis.hget(keys.webhookEndpoint(id), "sealed")) ?? "");
  await expect(endpoints.find("facebook", other)).rejects.toThrow(/does not belong/);
});

it("an endpoint is found by its routing key within the app, as long as it has that key", async () => {
  const siblings = (name: string, app = "app1", platform = "twitter") => endpoints.byRoutingKey(app, platform, name);
  const first = await endpoints.open("app1", "twitter", "acc_6", secrets, "12");
  const second = await endpoints.open("app1", "twitter", "acc_7", secrets, "34");
  expect([await siblings("12"), await siblings("34")]).toEqual([first, second]);
  expect([await siblings("56"), await siblings("12", "app2"), await siblings("12", "app1", "facebook")]).toEqual(
    Array(3).fill(undefined),
  );
  await endpoints.open("app1", "twitter", "acc_6", secrets, "56");
  expect([await siblings("12"), await siblings("56")]).toEqual([undefined, first]);
  // Another account of the same person takes over the routing key, and keeps it when the first account is removed.
  const other = await endpoints.open("app1", "twitter", "acc_8", secrets, "56");
  await endpoints.close("app1", "twitter", "acc_6");
  expect(await siblings("56")).toBe(other);
  await endpoints.open("app1", "twitter", "acc_8", secrets);
  await endpoints.close("app1", "twitter", "acc_7");
  expect([await siblings("56"), await siblings("34")]).toEqual([undefined, undefined]);
});
