import { join } from "node:path";
import Type from "typebox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisAccounts } from "../../../src/accounts/redis-accounts.ts";
import { keyring } from "../../../src/crypto/keyring.ts";
import { ClientCache } from "../../../src/delivery/client-cache.ts";
import { accountEndpoints } from "../../../src/inbound/account-endpoint.ts";
import { redisWebhookEndpoints } from "../../../src/inbound/webhook-endpoints.ts";
import { silentLog } from "../../../src/model/log.ts";
import { storeAccount } from "../../../src/operations/store-account.ts";
import type { InboundEndpoint } from "../../../src/platform/inbound-webhook.ts";
import type { Egress, Platform } from "../../../src/platform/platform.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { sentTo, testPlatform } from "../../support/test-platform.ts";

let server: TestRedis;

beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

interface Login {
  readonly secret?: string;
}

/** Test platform whose clients register the account's webhook, as Telegram's `setWebhook` does. */
function registeringPlatform() {
  const registered: Array<InboundEndpoint | "absent" | undefined> = [];
  const platform: Platform = testPlatform(async (activity) => sentTo(activity), {
    needsAccount: true,
    credentials: { schema: Type.Object({ secret: Type.Optional(Type.String()) }), example: {} },
    webhook: {
      secrets: ({ credentials }) => {
        const { secret } = credentials as Login;
        return secret === undefined ? undefined : { secret };
      },
      receive: () => ({ status: 200 }),
    },
    createClient: async (context) => {
      registered.push(context.inboundEndpoint ? await context.inboundEndpoint() : "absent");
      return {};
    },
  });
  return { platform, registered };
}

async function gateway(base?: string) {
  const redis = server.connect();
  const ring = await keyring({ path: join(server.dir, "master.key"), opens: true });
  const accounts = redisAccounts({ redis, keyring: ring });
  const endpoints = redisWebhookEndpoints({ redis, keyring: ring });
  const reachable = base === undefined ? {} : { accountEndpoints: accountEndpoints({ endpoints, base }) };
  const egress = {} as Egress;
  const pool = new ClientCache({ accounts, ...reachable, egress, log: silentLog });
  const lanes = { notifyAccountChanged: async () => undefined };
  return {
    endpoints,
    store: (platform: Platform, credentials: Login) =>
      storeAccount({ accounts, endpoints, lanes, log: silentLog }, "app1", platform, { address: "Bot", credentials }),
    use: (platform: Platform) =>
      pool.use(
        platform,
        { app: "app1", address: "bot", verb: "echo", signal: new AbortController().signal },
        async () => undefined,
      ),
    close: () => pool.close(),
  };
}

describe("AccountContext.inboundEndpoint", () => {
  it("returns the account's public URL and secrets", async () => {
    const { platform, registered } = registeringPlatform();
    const network = await gateway("https://gateway.example/base");
    const { endpoint } = await network.store(platform, { secret: "first" });
    await network.use(platform);
    const url = `https://gateway.example/base/inbound/test/${endpoint}`;
    expect(registered).toEqual([{ url, secrets: { secret: "first" } }]);
    expect(await network.endpoints.find("test", endpoint ?? "")).toMatchObject({ app: "app1" });
    await network.store(platform, { secret: "second" });
    await network.use(platform);
    expect(registered[1]).toEqual({ url, secrets: { secret: "second" } });
    await network.close();
  });

  it("is undefined for an account without an endpoint", async () => {
    const { platform, registered } = registeringPlatform();
    const network = await gateway("https://gateway.example");
    await network.store(platform, {});
    await network.use(platform);
    expect(registered).toEqual([undefined]);
    await network.close();
  });

  it("is absent without a public URL", async () => {
    const { platform, registered } = registeringPlatform();
    const network = await gateway();
    await network.store(platform, { secret: "first" });
    await network.use(platform);
    expect(registered).toEqual(["absent"]);
    await network.close();
  });
});
