import type { OwnedAccount } from "../../accounts/account-ownership.ts";
import type { Failure } from "../../model/failure.ts";
import type { ConnectionParts } from "../connection-parts.ts";
import { CHECKING, type Disconnecting, type State } from "../connection-state.ts";

/** Duration online after which a connection was good. The next failure is then the first again. */
const GOOD_AFTER_MS = 60_000;

/** Waits until everything is closed, then decides by the failure that ended the connection. */
export async function disconnect(
  parts: ConnectionParts,
  { account, link, onlineSince }: Disconnecting,
): Promise<State> {
  const { access, backoff } = parts;
  await link.closed;
  const failure = await link.attempt.ended;
  access.set({ kind: "connecting" });
  const wasGood = onlineSince !== undefined && (!failure || performance.now() - onlineSince > GOOD_AFTER_MS);
  if (wasGood) backoff.reset();
  if (!failure) return CHECKING;
  const delayMs = backoff.failed();
  if (failure.kind !== "auth" && failure.kind !== "permanent")
    return { name: "backing-off", account, failure, delayMs: failure.retryAfterMs ?? delayMs };
  await refuse(parts, account, failure);
  return CHECKING;
}

/** Notes a final refusal by the network. No retry happens before the app changes the account. */
async function refuse({ access, login, publisher }: ConnectionParts, account: OwnedAccount, failure: Failure) {
  login.refused(failure);
  access.set({ kind: "refused", failure });
  const state = failure.kind === "auth" ? "needs-login" : "restricted";
  const isCurrent = await publisher.publish(account, state, failure, login.version);
  // Other credentials were stored meanwhile; nobody refused those.
  if (!isCurrent) access.set({ kind: "connecting" });
}
