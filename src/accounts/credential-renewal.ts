import type { AccountContext } from "../platform/platform.ts";
import type { Accounts } from "./accounts.ts";

/** Version of the credentials that a client uses. */
export interface CredentialsVersion {
  readonly get: () => string;
  readonly set: (version: string) => void;
}

/** Makes `AccountContext.withRefreshLock` of a client, which uses the stored credentials from then on. */
export function refreshLockFor(
  accounts: Partial<Pick<Accounts, "withRefreshLock">>,
  { app, platform, address }: { readonly app: string; readonly platform: string; readonly address: string },
  version: CredentialsVersion,
): Pick<AccountContext<unknown>, "withRefreshLock"> {
  const { withRefreshLock } = accounts;
  if (!withRefreshLock) return {};
  return {
    withRefreshLock: (renew) =>
      withRefreshLock(app, platform, address, async (stored) => {
        const before = version.get();
        if (stored) version.set(stored.version);
        try {
          return await renew(stored?.credentials);
        } catch (thrown) {
          // The client still has the old credentials: the next activity must make a new client.
          version.set(before);
          throw thrown;
        }
      }),
  };
}
