import Type from "typebox";
import { afterEach, describe, expect, it } from "vitest";
import { ClientCache } from "../../../src/delivery/client-cache.ts";
import { Failure } from "../../../src/model/failure.ts";
import { silentLog } from "../../../src/model/log.ts";
import { type AccountContext, definePlatform, type Platform } from "../../../src/platform/platform.ts";
import { noEgress } from "../../support/gateway-core.ts";

const closers: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Account whose credentials are a number, and a platform whose clients record their credentials. */
function cacheFixture() {
  const account = { version: "1", credentials: 1 as unknown };
  const opened: Array<AccountContext<unknown>> = [];
  const closed: unknown[] = [];
  const platform: Platform = definePlatform({
    id: "test",
    title: "Test",
    needsAccount: true,
    lifetimeSeconds: 60,
    credentials: { schema: Type.Number(), example: 1 },
    verbs: {},
    createClient: async (access) => {
      opened.push(access);
      return access.credentials;
    },
    dispose: async (client) => {
      closed.push(client);
    },
    classifyError: () => new Failure({ kind: "permanent", code: "internal-error", detail: "" }),
  });
  const pool = new ClientCache({
    accounts: {
      versionOf: async (_app, _platform, address) => (address === "bob" ? account.version : undefined),
      credentialsOf: async () => ({ id: "acc", ...account }),
      update: async (_app, _platform, _address, version, credentials) => {
        if (version !== account.version) return undefined;
        account.version = `${Number(version) + 1}`;
        account.credentials = credentials;
        return account.version;
      },
    },
    egress: noEgress,
    log: silentLog,
  });
  closers.push(() => pool.close());
  const use = () =>
    pool.use(
      platform,
      { app: "app", address: "bob", verb: "echo", signal: new AbortController().signal },
      async (client) => client,
    );
  return { account, opened, closed, platform, pool, use };
}

describe("ClientCache", () => {
  it("shares a client until the credentials change, and disposes of the old one after its work", async () => {
    const { account, opened, closed, use, pool, platform } = cacheFixture();
    expect(await Promise.all([use(), use(), use()])).toEqual([1, 1, 1]);
    expect(opened).toHaveLength(1);
    let release: () => void = () => undefined;
    const busy = pool.use(
      platform,
      { app: "app", address: "bob", verb: "echo", signal: new AbortController().signal },
      () => new Promise<void>((done) => (release = done)),
    );
    await use();
    Object.assign(account, { version: "2", credentials: 2 });
    expect(await use()).toBe(2);
    expect(closed).toEqual([]);
    release();
    await busy;
    await Promise.resolve();
    expect(closed).toEqual([1]);
  });

  it("stores renewed credentials and keeps the client, unless the app stored others", async () => {
    const { account, opened, use } = cacheFixture();
    await use();
    await opened[0]?.saveCredentials?.(7);
    expect(account).toEqual({ version: "2", credentials: 7 });
    await use();
    expect(opened).toHaveLength(1);
    Object.assign(account, { version: "9", credentials: 9 });
    await opened[0]?.saveCredentials?.(8);
    expect(account.credentials).toBe(9);
  });

  it("rejects an actor without an account", async () => {
    const { pool, platform } = cacheFixture();
    await expect(
      pool.use(
        platform,
        { app: "app", address: "eve", verb: "echo", signal: new AbortController().signal },
        async () => 1,
      ),
    ).rejects.toMatchObject({ code: "account-unknown" });
  });
});
