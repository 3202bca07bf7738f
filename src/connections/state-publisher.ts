import type { AccountOwnership, OwnedAccount, Owner } from "../accounts/account-ownership.ts";
import type { SessionEvent } from "../model/event.ts";
import { type Failure, toEventError } from "../model/failure.ts";

/** Says how one account's connection stands: stores it and tells listeners, once for each change. */
export interface Voice {
  /** With a `version` only while the account has these credentials; answers false when it has others. */
  readonly tell: (
    account: OwnedAccount,
    state: SessionEvent["state"],
    failure?: Failure,
    version?: string,
  ) => Promise<boolean>;
  /** Nobody wants it connected any more. */
  readonly end: (account: OwnedAccount) => Promise<void>;
  /** Stored without an event: the next holder will say more. */
  readonly leave: () => Promise<void>;
}

/** See `Voice`; throws what `HeldAccounts.say` does. */
export function voice(held: Pick<AccountOwnership, "say">, holder: Owner): Voice {
  let told: string | undefined;
  let last: OwnedAccount | undefined;
  const stands = (state: string | undefined): boolean => state === "online" || state === "connecting";

  async function say(
    account: OwnedAccount,
    state: SessionEvent["state"],
    { failure, silent = false, version }: { failure?: Failure; silent?: boolean; version?: string | undefined },
  ): Promise<boolean> {
    const event: SessionEvent = {
      type: "session",
      platform: account.platform,
      actor: { address: account.address },
      state,
      ...(failure === undefined ? {} : { error: toEventError(failure) }),
      published: new Date().toISOString(),
    };
    const said = await held.say(holder, event, silent, version);
    if (said) told = state;
    return said;
  }

  return {
    async tell(account, state, failure, version) {
      last = account;
      const same = (told ?? account.state) === state;
      if (same && !failure) return true;
      return say(account, state, { ...(failure ? { failure } : {}), silent: same, version });
    },
    async end(account) {
      if (stands(told ?? account.state)) await say(account, "offline", {});
    },
    async leave() {
      if (last && stands(told)) await say(last, "offline", { silent: true });
    },
  };
}
