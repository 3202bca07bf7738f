import { internalFailure } from "../connection-failures.ts";
import type { ConnectionParts } from "../connection-parts.ts";
import { CHECKING, type Faulted, type State } from "../connection-state.ts";

/** Waits after a fault of the gateway: Redis failed, or the credentials can't be opened. */
export async function recover(
  { access, backoff, log, owner, wake }: ConnectionParts,
  { error: err }: Faulted,
): Promise<State> {
  const delayMs = backoff.failed();
  log.warn({ err, account: owner.id, delayMs }, "account connection failed inside the gateway; retrying");
  if (access.status.kind !== "refused") access.backOff(delayMs, internalFailure(err));
  await wake.wait(delayMs);
  return CHECKING;
}
