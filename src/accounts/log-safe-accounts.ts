import type { Accounts } from "./accounts.ts";
import { secretValues } from "./secret-values.ts";

/**
 * Wraps accounts and hides each secret from the log before it is used.
 * Peers echo credentials: an error text of a server may hold the password that the server was sent. For workers only:
 * an API process talks to no peer, and keeps no secret beyond the request.
 */
export function logSafeAccounts(accounts: Accounts, hideSecret: (secret: string) => void): Accounts {
  const hide = (credentials: unknown): void => {
    for (const secret of secretValues(credentials)) hideSecret(secret);
  };
  return {
    ...accounts,
    async put(app, account) {
      hide(account.credentials);
      return accounts.put(app, account);
    },
    async credentialsOf(app, platform, address) {
      const opened = await accounts.credentialsOf(app, platform, address);
      hide(opened?.credentials);
      return opened;
    },
    async update(app, platform, address, version, credentials) {
      hide(credentials);
      return accounts.update(app, platform, address, version, credentials);
    },
    withRefreshLock: (app, platform, address, renew) =>
      accounts.withRefreshLock(app, platform, address, (stored) => {
        hide(stored?.credentials);
        return renew(stored);
      }),
  };
}
