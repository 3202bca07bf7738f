import { expect, it } from "vitest";
import type { Accounts } from "../../../src/accounts/accounts.ts";
import { durableAccounts } from "../../../src/accounts/durable-accounts.ts";
import { NotDurable } from "../../../src/redis/durable.ts";

it("durableAccounts confirms a write only after replication, and does not delay reads", async () => {
  const done: string[] = [];
  const plain = new Proxy({} as Accounts, {
    get: (_, name) => async () => void done.push(String(name)),
    ownKeys: () => ["put", "get", "list", "remove", "credentialsOf", "versionOf", "update", "setDesiredOnline"],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  });
  const accounts = durableAccounts(plain, async (_tag, work) => {
    await work();
    throw new NotDurable("0 of 1 replicas");
  });
  const stored = { platform: "email", address: "bob", credentials: {} };
  await expect(accounts.put("a", stored)).rejects.toThrow(NotDurable);
  await expect(accounts.remove("a", "acc")).rejects.toThrow(NotDurable);
  await expect(accounts.update("a", "email", "bob", "1", {})).rejects.toThrow(NotDurable);
  await expect(accounts.setDesiredOnline("a", "email", "bob", true)).rejects.toThrow(NotDurable);
  await accounts.get("a", "acc");
  expect(done).toEqual(["put", "remove", "update", "setDesiredOnline", "get"]);
});
