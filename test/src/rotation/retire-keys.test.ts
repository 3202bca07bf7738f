import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisAccounts } from "../../../src/accounts/redis-accounts.ts";
import { appRegistry } from "../../../src/apps/redis-registry.ts";
import { keyring } from "../../../src/crypto/keyring.ts";
import { accountId } from "../../../src/model/account-id.ts";
import { SCOPES } from "../../../src/model/caller.ts";
import { retireKeys } from "../../../src/rotation/retire-keys.ts";
import { rotateKeys } from "../../../src/rotation/rotate-keys.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { redisProcess } from "../../support/redis-process.ts";

let server: TestRedis;
let copy: string;
beforeAll(async () => {
  [server, copy] = await Promise.all([testRedis(), mkdtemp(join(tmpdir(), "dgm-aof-"))]);
});
afterAll(async () => {
  await server.stop();
  await rm(copy, { recursive: true, force: true });
});

describe("retired keys", () => {
  it("leave deleted logins unreadable, also in an old copy of the data, and all others as they were", async () => {
    const redis = server.connect();
    const path = join(server.dir, "master.key");
    const ring = await keyring({ path, opens: true });
    const registry = appRegistry({ redis, keyring: ring, appendControl: async () => undefined });
    const { app } = await registry.createApp("shop", SCOPES);
    const accounts = redisAccounts({ redis, keyring: ring });
    const login = (address: string) => ({ platform: "email", address, online: false });
    for (const address of ["gone@x.org", "stays@x.org"]) {
      await accounts.put(app, { ...login(address), credentials: { password: `CNRY of ${address}` } });
    }
    await cp(join(server.dir, "appendonlydir"), join(copy, "appendonlydir"), { recursive: true });
    await accounts.remove(app, accountId("email", "gone@x.org"));
    await rotateKeys({ redis, keyring: ring });
    expect(await retireKeys({ redis, keyring: ring, settleMs: 0 })).toEqual([1]);
    expect(await retireKeys({ redis, keyring: ring, settleMs: 0 })).toEqual([]);

    const fresh = await keyring({ path, opens: true });
    const after = redisAccounts({ redis, keyring: fresh });
    const kept = await after.credentialsOf(app, "email", "stays@x.org");
    expect(kept?.credentials).toEqual({ password: "CNRY of stays@x.org" });

    const old = await redisProcess(["--appendonly", "yes", "--dir", copy]);
    try {
      const restored = redisAccounts({ redis: old.client(), keyring: fresh });
      expect(await restored.get(app, accountId("email", "gone@x.org"))).toMatchObject({ address: "gone@x.org" });
      for (const address of ["gone@x.org", "stays@x.org"]) {
        await expect(restored.credentialsOf(app, "email", address)).rejects.toThrow("Version 1 of the keys is not in");
      }
    } finally {
      await old.stop();
    }
  });
});
