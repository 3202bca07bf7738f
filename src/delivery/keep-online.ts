import type { Accounts } from "../accounts/accounts.ts";
import { accountId } from "../model/account-id.ts";
import type { LaneQueues } from "../outbox/lane-queues.ts";
import type { AttemptDeps } from "./attempt.ts";

export interface KeepingOnlineDeps {
  readonly accounts: Pick<Accounts, "setDesiredOnline">;
  readonly lanes: Pick<LaneQueues, "notifyAccountChanged">;
}

/** Stores whether an account is to stay connected, and tells whoever holds it. */
export function keepingOnline({ accounts, lanes }: KeepingOnlineDeps): NonNullable<AttemptDeps["keepOnline"]> {
  return async (app, platform, address, wanted) => {
    await accounts.setDesiredOnline(app, platform, address, wanted);
    await lanes.notifyAccountChanged(app, accountId(platform, address));
  };
}
