import type { SessionEvent } from "../event.ts";
import { type Failure, noteOf } from "../failure.ts";
import type { HeldAccount, HeldAccounts, Holder } from "./held-accounts.ts";

/** Says how one account's connection stands: stores it and tells listeners, once for each change. */
export interface Voice {
  readonly tell: (account: HeldAccount, state: SessionEvent["state"], failure?: Failure) => Promise<void>;
  /** Stored without an event: the next holder will say more. */
  readonly leave: () => Promise<void>;
}

/** See `Voice`; throws what `HeldAccounts.say` does. */
export function voice(held: Pick<HeldAccounts, "say">, holder: Holder): Voice {
  let told: string | undefined;
  let last: HeldAccount | undefined;

  async function say(account: HeldAccount, state: SessionEvent["state"], failure?: Failure, silent = false) {
    const event: SessionEvent = {
      type: "session",
      platform: account.platform,
      actor: { address: account.address },
      state,
      ...(failure === undefined ? {} : { error: noteOf(failure) }),
      published: new Date().toISOString(),
    };
    await held.say(holder, event, silent);
    told = state;
  }

  return {
    async tell(account, state, failure) {
      last = account;
      const same = (told ?? account.state) === state;
      if (!same || failure) await say(account, state, failure, same);
    },
    async leave() {
      if (last && (told === "online" || told === "connecting")) await say(last, "offline", undefined, true);
    },
  };
}
