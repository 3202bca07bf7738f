import type { AccountOwnership, Owner } from "../accounts/account-ownership.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { ReportTo } from "../inbound/delivery-receipts.ts";
import type { Arrive } from "../inbound/record-arrival.ts";
import type { Log } from "../model/log.ts";
import type { AccountContext, Egress } from "../platform/platform.ts";
import type { LineAccess } from "./connection-attempt.ts";

/** What connections are made of, whosever they are. */
export interface LineDeps {
  readonly held: AccountOwnership;
  readonly accounts: Pick<Accounts, "credentialsOf" | "update"> & Partial<Pick<Accounts, "alone">>;
  readonly arrive: Arrive;
  readonly report: ReportTo;
  readonly egress: Egress;
  readonly log: Log;
}

/** What the core gives for one account's connection: all of it the account's own, under its holder's fence. */
export function connectionContext(
  { held, arrive, report, egress, log }: LineDeps,
  holder: Owner,
  address: string,
  login: Pick<AccountContext<unknown>, "credentials" | "saveCredentials" | "withRefreshLock">,
): LineAccess {
  const { app, id } = holder;
  return {
    app,
    address,
    ...login,
    egress,
    log: log.child({ app, account: id }),
    state: held.notes(holder),
    sealedState: held.secrets(holder),
    record: (arrival) => arrive(app, arrival, holder),
    recordReceipt: (said) => report(app, said),
  };
}
