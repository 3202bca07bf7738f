import type { Accounts } from "../accounts/accounts.ts";
import { accountId } from "../model/account-id.ts";
import type { LaneQueues } from "../outbox/lane-queues.ts";
import type { AttemptDeps } from "./attempt-context.ts";

export interface DesiredOnlineDeps {
  readonly accounts: Pick<Accounts, "setDesiredOnline">;
  readonly lanes: Pick<LaneQueues, "notifyAccountChanged">;
}

/** Creates the function that stores an account's desired state and notifies the account's owner. */
export function desiredOnlineSetter({
  accounts,
  lanes,
}: DesiredOnlineDeps): NonNullable<AttemptDeps["setDesiredOnline"]> {
  return async (app, platform, address, desired) => {
    await accounts.setDesiredOnline(app, platform, address, desired);
    await lanes.notifyAccountChanged(app, accountId(platform, address));
  };
}
