import type { OwnedAccount } from "../accounts/account-ownership.ts";

/** Reasons to keep an account connected: desired state online, work in progress, or recent work. */
export interface KeepAliveReasons {
  /** True while there is a reason; takes over the account's desired state. */
  readonly apply: (account: Pick<OwnedAccount, "online">) => boolean;
  readonly beginWork: () => void;
  readonly endWork: () => void;
  /** Drops recent work as a reason, and work in progress once it ends. */
  readonly release: () => void;
}

/** Creates reasons without any work; `idleMs` is how long ended work keeps the account connected. */
export function keepAliveReasons(idleMs: number): KeepAliveReasons {
  let workers = 0;
  let lastWorkAt = Number.NEGATIVE_INFINITY;
  let wasDesiredOnline = false;
  /** Set by `release`, cleared by the next work. */
  let isReleased = false;
  const release = (): void => {
    isReleased = true;
    lastWorkAt = Number.NEGATIVE_INFINITY;
  };
  return {
    apply({ online }) {
      // An explicit disconnect takes effect now, not after the idle timeout.
      if (wasDesiredOnline && !online) release();
      wasDesiredOnline = online;
      return online || workers > 0 || performance.now() - lastWorkAt < idleMs;
    },
    beginWork() {
      workers += 1;
      isReleased = false;
    },
    endWork() {
      workers -= 1;
      if (!isReleased) lastWorkAt = performance.now();
    },
    release,
  };
}
