import { afterEach, beforeEach, expect, it } from "vitest";
import type { Accounts } from "../../../../src/accounts/accounts.ts";
import { redisAccounts } from "../../../../src/accounts/redis-accounts.ts";
import { keyring } from "../../../../src/crypto/keyring.ts";
import { ClientCache } from "../../../../src/delivery/client-cache.ts";
import { silentLog } from "../../../../src/model/log.ts";
import { email } from "../../../../src/platforms/email/platform.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";
import { mailProvider } from "../../../support/mail-provider.ts";
import { testRedis } from "../../../support/redis.ts";
import { testMailActivity, testVerbContext } from "../../../support/verb-context.ts";

const ADDRESS = "bob@example.com";
let redis: Awaited<ReturnType<typeof testRedis>>;
let mail: Awaited<ReturnType<typeof mailProvider>>;
let accounts: ReturnType<typeof redisAccounts>;
const egress = loopbackEgress();
const platform = email({});
const ends: Array<() => Promise<void>> = [];
beforeEach(async () => {
  redis = await testRedis();
  mail = await mailProvider();
  const ring = await keyring({ path: `${redis.dir}/master.key`, opens: true });
  accounts = redisAccounts({ redis: redis.connect(), keyring: ring });
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await mail.stop();
  await redis.stop();
});

/** Clients of one worker; returns a function that sends a mail. `queueing` is called before a token refresh. */
function worker(queueing: () => void = () => {}) {
  const alone: Accounts["withRefreshLock"] = (...args) => {
    queueing();
    return accounts.withRefreshLock(...args);
  };
  const pool = new ClientCache({ accounts: { ...accounts, withRefreshLock: alone }, egress, log: silentLog });
  ends.push(() => pool.close());
  const use = { app: "app", address: ADDRESS, verb: "send", signal: AbortSignal.timeout(30_000) };
  return () =>
    pool.use(platform, use, async (client) => {
      const activity = testMailActivity({ actor: { address: ADDRESS } });
      const receipt = await platform.verbs.send?.run(client, activity, testVerbContext());
      return receipt?.outcomes[0]?.status;
    });
}

it("workers share a login with single-use refresh tokens without using one twice", async () => {
  await accounts.put("app", { platform: "email", address: ADDRESS, credentials: mail.expiredLogin(ADDRESS) });
  const workers = [worker(), worker(), worker()];
  expect(await Promise.all(workers.map((send) => send()))).toEqual(["sent", "sent", "sent"]);
  expect(mail.requests).toHaveLength(1);
  const stored = await accounts.credentialsOf("app", "email", ADDRESS);
  expect(stored?.credentials).toMatchObject({ oauth2: { accessToken: expect.stringMatching(/^canary-access-/) } });
  // All clients still work and use the stored version.
  expect(await Promise.all(workers.map((send) => send()))).toEqual(["sent", "sent", "sent"]);
  expect(mail.requests).toHaveLength(1);
});

it("a refresh does not overwrite a login that the app stored meanwhile", async () => {
  await accounts.put("app", { platform: "email", address: ADDRESS, credentials: mail.expiredLogin(ADDRESS) });
  let queueing = () => {};
  const wants = new Promise<void>((resolve) => {
    queueing = resolve;
  });
  const send = worker(queueing);
  const anew = { ...mail.expiredLogin(ADDRESS), name: "Bob" };
  // The refresh waits for the lock; meanwhile another login is stored.
  let go = () => {};
  const refreshing = accounts.withRefreshLock(
    "app",
    "email",
    ADDRESS,
    () =>
      new Promise<void>((resolve) => {
        go = resolve;
      }),
  );
  const sending = send().catch((thrown: { code: string; kind: string }) => [thrown.kind, thrown.code]);
  await wants;
  await accounts.put("app", { platform: "email", address: ADDRESS, credentials: anew });
  go();
  await refreshing;
  expect(await sending).toEqual(["retryable", "credentials-expired"]);
  expect(mail.requests).toHaveLength(0);
  expect((await accounts.credentialsOf("app", "email", ADDRESS))?.credentials).toEqual(anew);
  expect(await send()).toBe("sent");
});
