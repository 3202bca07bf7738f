import type { Account, Accounts } from "../accounts/accounts.ts";
import type { WebhookEndpoints } from "../inbound/webhook-endpoints.ts";
import type { Log } from "../model/log.ts";
import { Refusal } from "../model/refusal.ts";
import type { LaneQueues } from "../outbox/lane-queues.ts";
import type { PlatformRegistry } from "../platform/platform-registry.ts";
import { notifyAccountChanged } from "./store-account.ts";

export interface RemoveAccountDeps {
  readonly accounts: Pick<Accounts, "get" | "remove">;
  readonly endpoints: Pick<WebhookEndpoints, "close">;
  readonly platforms: Pick<PlatformRegistry, "find">;
  readonly lanes: Pick<LaneQueues, "notifyAccountChanged">;
  readonly log: Log;
}

const ACCOUNT_ID = /^acc_[A-Za-z0-9_-]{22}$/;

/** Returns an app's account; throws `Refusal` `not-found`. */
export async function findAccount(accounts: Pick<Accounts, "get">, app: string, id: string): Promise<Account> {
  const account = ACCOUNT_ID.test(id) ? await accounts.get(app, id) : undefined;
  if (account === undefined) throw notFound();
  return account;
}

/** Deletes an account. Closes its webhook endpoint and notifies the worker that holds its connection. */
export async function removeAccount(
  { accounts, endpoints, platforms, lanes, log }: RemoveAccountDeps,
  app: string,
  id: string,
): Promise<void> {
  const account = await findAccount(accounts, app, id);
  const platform = platforms.find(account.platform);
  if (platform?.webhook?.secrets !== undefined) await endpoints.close(app, platform.id, account.id);
  if (!(await accounts.remove(app, account.id))) throw notFound();
  if (platform?.connect !== undefined) notifyAccountChanged(lanes, log, app, account.id);
}

function notFound(): Refusal {
  return new Refusal("not-found", "No account with this id.");
}
