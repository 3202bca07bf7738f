import type { Barrier } from "../redis/durable.ts";
import { keys } from "../redis/keys.ts";
import type { Accounts } from "./accounts.ts";

/** Wraps accounts so that a write returns only once durable: stored credentials stay stored. */
export function durableAccounts(accounts: Accounts, durably: Barrier["withReplication"]): Accounts {
  const tag = keys.tagOf;
  return {
    ...accounts,
    put: (app, account) => durably(tag(app), () => accounts.put(app, account)),
    remove: (app, id) => durably(tag(app), () => accounts.remove(app, id)),
    update: (app, ...rest) => durably(tag(app), () => accounts.update(app, ...rest)),
    setDesiredOnline: (app, ...rest) => durably(tag(app), () => accounts.setDesiredOnline(app, ...rest)),
  };
}
