import { OwnershipLost } from "../accounts/account-ownership.ts";
import type { ConnectionAttempt } from "./connection-attempt.ts";
import type { ConnectionParts } from "./connection-parts.ts";

/** Connection attempt together with the watch over the account. */
export interface Link {
  readonly attempt: ConnectionAttempt;
  /** Settles with everything closed, after the attempt ended or the account changed; rejects with `OwnershipLost`. */
  readonly closed: Promise<void>;
}

/** Links an attempt to the account. Every change of the account ends the attempt, also while connecting. */
export function link(parts: ConnectionParts, attempt: ConnectionAttempt): Link {
  const closed = watch(parts, attempt);
  // The state that ends the link awaits the promise, which may reject before.
  closed.catch(() => undefined);
  return { attempt, closed };
}

async function watch(parts: ConnectionParts, attempt: ConnectionAttempt): Promise<void> {
  const { access, wake } = parts;
  let hasEnded = false;
  // Not a race: each would stay in the memory of a promise that lives as long as the connection.
  void attempt.ended.then(() => {
    hasEnded = true;
    if (access.status.kind === "online") access.set({ kind: "connecting" });
    wake.notify();
  });
  try {
    for (;;) {
      await wake.wait();
      if (hasEnded || (await hasChanged(parts))) return;
    }
  } finally {
    await attempt.disconnect();
  }
}

/** Returns whether the account changed: gone, with other credentials, or not to be connected. */
export async function hasChanged({
  closing,
  ownership,
  owner,
  login,
  reasons,
  log,
}: ConnectionParts): Promise<boolean> {
  if (closing.aborted) return true;
  try {
    const account = await ownership.claim(owner);
    return account === undefined || account.version !== login.version || !reasons.apply(account);
  } catch (err) {
    if (err instanceof OwnershipLost) throw err;
    log.debug({ err }, "account check failed; retrying at the next notification");
    return false;
  }
}
