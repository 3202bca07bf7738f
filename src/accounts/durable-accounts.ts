import type { Barrier } from "../redis/durable.ts";
import { keys } from "../redis/keys.ts";
import type { Accounts } from "./accounts.ts";

/** Wraps accounts so that a write returns only once durable: stored credentials stay stored. */
export function durableAccounts(accounts: Accounts, withReplication: Barrier["withReplication"]): Accounts {
  const tag = keys.tagOf;
  return {
    ...accounts,
    put: (app, account) => withReplication(tag(app), () => accounts.put(app, account)),
    remove: (app, id) => withReplication(tag(app), () => accounts.remove(app, id)),
    update: (app, ...rest) => withReplication(tag(app), () => accounts.update(app, ...rest)),
    setDesiredOnline: (app, ...rest) => withReplication(tag(app), () => accounts.setDesiredOnline(app, ...rest)),
  };
}
