import type { AccountOwnership, OwnedAccount, Owner } from "../accounts/account-ownership.ts";
import { accountUnknown } from "../accounts/account-unknown.ts";
import type { Accounts } from "../accounts/accounts.ts";
import { refreshLockFor } from "../accounts/credential-renewal.ts";
import { egressFor } from "../egress/egress.ts";
import type { AccountEndpoints } from "../inbound/account-endpoint.ts";
import type { RecordReceipt } from "../inbound/delivery-receipts.ts";
import type { RecordInbound } from "../inbound/record-inbound.ts";
import type { Log } from "../model/log.ts";
import type { Egress } from "../platform/platform.ts";
import type { AttemptContext } from "./connection-attempt.ts";
import type { LoginHistory } from "./login-history.ts";

/** Ports that connections of all accounts share. */
export interface ConnectionPorts {
  readonly ownership: AccountOwnership;
  readonly accounts: Pick<Accounts, "credentialsOf" | "update"> & Partial<Pick<Accounts, "withRefreshLock">>;
  readonly record: RecordInbound;
  readonly recordReceipt: RecordReceipt;
  /** Absent where networks can't reach the gateway. */
  readonly accountEndpoints?: AccountEndpoints;
  readonly egress: Egress;
  readonly log: Log;
}

/**
 * Opens the account's credentials and creates the context of a connection attempt.
 * State and events are written under the owner's fence. `history` gets the version of the credentials, also of those
 * that the platform stores later. Throws `account-unknown`.
 */
export async function attemptContext(
  { ownership, accounts, accountEndpoints, record, recordReceipt, egress, log }: ConnectionPorts,
  owner: Owner,
  { platform, address }: OwnedAccount,
  history: LoginHistory,
): Promise<Omit<AttemptContext, "reportProblem">> {
  const { app, id } = owner;
  const login = await accounts.credentialsOf(app, platform, address);
  if (!login) throw accountUnknown();
  history.version = login.version;
  const version = {
    get: () => history.version,
    set: (next: string) => {
      history.version = next;
    },
  };
  return {
    app,
    address,
    credentials: login.credentials,
    saveCredentials: async (credentials) => {
      const next = await accounts.update(app, platform, address, history.version, credentials);
      if (next !== undefined) history.version = next;
    },
    ...refreshLockFor(accounts, { app, platform, address }, version),
    ...accountEndpoints?.(app, platform, address),
    egress: egressFor(egress, app),
    log: log.child({ app, account: id }),
    state: ownership.connectionState(owner),
    sealedState: ownership.sealedState(owner),
    record: (event) => record(app, event, owner),
    recordReceipt: (receipt) => recordReceipt(app, receipt),
  };
}
