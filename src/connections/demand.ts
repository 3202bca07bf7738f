import type { OwnedAccount } from "../accounts/account-ownership.ts";

/** Why an account's connection is kept: it is to be online, or it is worked with, or was a while ago. */
export interface Demand {
  readonly wanted: (account: Pick<OwnedAccount, "online">) => boolean;
  readonly begin: () => void;
  readonly end: () => void;
  /** What was done lately, and what is being done, no longer keeps it when it is done. */
  readonly letGo: () => void;
}

/** See `Demand`; nothing was done yet. */
export function demand(idleMs: number): Demand {
  let users = 0;
  let usedAt = Number.NEGATIVE_INFINITY;
  /** Whether it was to be online when it was looked at last. */
  let kept = false;
  /** Since the last work began. */
  let released = false;
  const letGo = (): void => {
    released = true;
    usedAt = Number.NEGATIVE_INFINITY;
  };
  return {
    wanted({ online }) {
      // Who ends it does not mean: in five minutes.
      if (kept && !online) letGo();
      kept = online;
      return online || users > 0 || performance.now() - usedAt < idleMs;
    },
    begin() {
      users += 1;
      released = false;
    },
    end() {
      users -= 1;
      if (!released) usedAt = performance.now();
    },
    letGo,
  };
}
