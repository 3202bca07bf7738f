import { accountUnknown } from "../../accounts/account-unknown.ts";
import type { Failure } from "../../model/failure.ts";
import { ownerMoved } from "../connection-failures.ts";
import type { ConnectionParts } from "../connection-parts.ts";
import { CHECKING, closedByMove, type State } from "../connection-state.ts";

/** Claims the stored account and decides by it. */
export async function check(parts: ConnectionParts): Promise<State> {
  const { access, backoff, closing, login, owner, publisher, reasons, wake } = parts;
  // A change before the claim is part of the claimed account.
  await wake.wait(0);
  if (closing.aborted) return closedByMove();
  const account = await parts.ownership.claim(owner);
  if (!account) return closed(parts, accountUnknown());
  const platform = parts.find(account.platform);
  if (!platform?.connect) return closed(parts, ownerMoved());
  if (!reasons.apply(account)) {
    await publisher.publishEnd(account);
    return closed(parts, ownerMoved());
  }
  const refusal = login.refusalOf(account);
  if (refusal) {
    access.set({ kind: "refused", failure: refusal });
    return { name: "refused" };
  }
  if (account.version !== login.version) backoff.reset();
  return { name: "connecting", account, platform };
}

/** Closes, unless the account changed during the check: a reason to connect may be new. */
function closed({ wake }: ConnectionParts, failure: Failure): State {
  return wake.isNotified() ? CHECKING : { name: "closed", failure };
}
