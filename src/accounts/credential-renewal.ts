import type { AccountContext } from "../platform/platform.ts";
import type { Accounts } from "./accounts.ts";

/** Which version of the credentials a client works with. */
export interface Worked {
  readonly get: () => string;
  readonly set: (version: string) => void;
}

/** `Access.alone` for a client: one that takes over what is stored works with that version from then on. */
export function renewalOf(
  accounts: Partial<Pick<Accounts, "alone">>,
  { app, platform, address }: { readonly app: string; readonly platform: string; readonly address: string },
  version: Worked,
): Pick<AccountContext<unknown>, "withRefreshLock"> {
  const { alone } = accounts;
  if (!alone) return {};
  return {
    withRefreshLock: (renew) =>
      alone(app, platform, address, async (stored) => {
        const before = version.get();
        if (stored) version.set(stored.version);
        try {
          return await renew(stored?.credentials);
        } catch (thrown) {
          // It still works with the old ones, so that whoever comes next opens another client.
          version.set(before);
          throw thrown;
        }
      }),
  };
}
