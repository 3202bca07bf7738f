import type { ConnectionParts } from "../connection-parts.ts";
import { type BackingOff, CHECKING, type State } from "../connection-state.ts";
import { hasChanged } from "../link.ts";

/** Publishes `offline` and waits for the next try, or for a change of the account. */
export async function backOff(parts: ConnectionParts, { account, failure, delayMs }: BackingOff): Promise<State> {
  const until = parts.access.backOff(delayMs, failure);
  await parts.publisher.publish(account, "offline", failure);
  while (performance.now() < until) {
    if (await hasChanged(parts)) break;
    if (!(await parts.wake.wait(until - performance.now()))) break;
  }
  return CHECKING;
}
