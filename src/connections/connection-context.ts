import type { HeldAccounts, Holder } from "../accounts/account-ownership.ts";
import type { Accounts } from "../accounts/accounts.ts";
import type { ReportTo } from "../inbound/delivery-receipts.ts";
import type { Arrive } from "../inbound/record-arrival.ts";
import type { Log } from "../model/log.ts";
import type { Access, Egress } from "../platform/platform.ts";
import type { LineAccess } from "./connection-attempt.ts";

/** What connections are made of, whosever they are. */
export interface LineDeps {
  readonly held: HeldAccounts;
  readonly accounts: Pick<Accounts, "credentialsOf" | "update"> & Partial<Pick<Accounts, "alone">>;
  readonly arrive: Arrive;
  readonly report: ReportTo;
  readonly egress: Egress;
  readonly log: Log;
}

/** What the core gives for one account's connection: all of it the account's own, under its holder's fence. */
export function lineAccess(
  { held, arrive, report, egress, log }: LineDeps,
  holder: Holder,
  address: string,
  login: Pick<Access<unknown>, "credentials" | "renewed" | "alone">,
): LineAccess {
  const { app, id } = holder;
  return {
    app,
    address,
    ...login,
    egress,
    log: log.child({ app, account: id }),
    notes: held.notes(holder),
    secrets: held.secrets(holder),
    arrive: (arrival) => arrive(app, arrival, holder),
    report: (said) => report(app, said),
  };
}
