import type { Barrier } from "../redis/durable.ts";
import { keys } from "../redis/keys.ts";
import type { Accounts } from "./accounts.ts";

/** Accounts whose writes are answered only when they are as durable as promised: a login, once stored, stays stored. */
export function durableAccounts(accounts: Accounts, durably: Barrier["withReplication"]): Accounts {
  const tag = keys.tagOf;
  return {
    ...accounts,
    put: (app, account) => durably(tag(app), () => accounts.put(app, account)),
    remove: (app, id) => durably(tag(app), () => accounts.remove(app, id)),
    update: (app, ...more) => durably(tag(app), () => accounts.update(app, ...more)),
    keepOnline: (app, ...more) => durably(tag(app), () => accounts.keepOnline(app, ...more)),
  };
}
