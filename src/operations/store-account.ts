import { type Account, type Accounts, TooManyAccounts } from "../accounts/accounts.ts";
import { setAccountEndpoint } from "../inbound/account-endpoint.ts";
import type { WebhookEndpoints } from "../inbound/webhook-endpoints.ts";
import type { Log } from "../model/log.ts";
import { invalidInput, Refusal } from "../model/refusal.ts";
import { validationErrors } from "../model/validate.ts";
import type { LaneQueues } from "../outbox/lane-queues.ts";
import type { Platform } from "../platform/platform.ts";

/** A login to store: credentials as the platform's schema describes them. */
export interface AccountLogin {
  readonly address: string;
  readonly credentials: unknown;
  /** Absent: as before; false for a new account. */
  readonly online?: boolean | undefined;
}

/** A stored account. `endpoint`: id of its inbound webhook endpoint, where the platform has one. */
export interface StoredAccount {
  readonly account: Account;
  readonly created: boolean;
  readonly endpoint: string | undefined;
}

export interface StoreAccountDeps {
  readonly accounts: Pick<Accounts, "put">;
  readonly endpoints: Pick<WebhookEndpoints, "open" | "close">;
  readonly lanes: Pick<LaneQueues, "notifyAccountChanged">;
  readonly log: Log;
}

/**
 * Stores or replaces an account. Opens or closes its webhook endpoint, then notifies the worker that holds its
 * connection. Throws `Refusal` `quota-exceeded`.
 */
export async function storeAccount(
  { accounts, endpoints, lanes, log }: StoreAccountDeps,
  app: string,
  platform: Platform,
  { address, credentials, online }: AccountLogin,
): Promise<StoredAccount> {
  const { account, created } = await accounts
    .put(app, { platform: platform.id, address, credentials, ...(online === undefined ? {} : { online }) })
    .catch(refuseTooMany);
  const endpoint = await setAccountEndpoint(endpoints, app, platform, { id: account.id, address, credentials });
  if (platform.connect !== undefined) notifyAccountChanged(lanes, log, app, account.id);
  return { account, created, endpoint };
}

/** Notifies the account's owner at once; not awaited, since the owner also looks by itself. */
export function notifyAccountChanged(
  lanes: Pick<LaneQueues, "notifyAccountChanged">,
  log: Log,
  app: string,
  id: string,
): void {
  lanes
    .notifyAccountChanged(app, id)
    .catch((err: unknown) =>
      log.warn({ err, app }, "account change could not be announced; the owner detects it later"),
    );
}

/** Checks a login by the platform's rules; throws `Refusal` `validation-failed` that points at the fields. */
export function checkLogin(platform: Platform, { address, credentials, online }: AccountLogin): void {
  if (platform.credentials === undefined) {
    throw invalidInput([{ pointer: "/platform", detail: "knows no logins: it works without an account" }]);
  }
  checkOnline(platform, online);
  if (!isActorAddress(platform, address)) {
    throw invalidInput([{ pointer: "/address", detail: "is no address of this platform" }]);
  }
  const errors = validationErrors(platform.credentials.schema, credentials);
  if (errors.length > 0) {
    throw invalidInput(errors.map((error) => ({ ...error, pointer: `/credentials${error.pointer}` })));
  }
}

/** Throws `Refusal` when `online` is asked of a platform without a persistent connection. */
export function checkOnline(platform: Pick<Platform, "connect">, online: boolean | undefined): void {
  if (online === true && platform.connect === undefined) {
    throw invalidInput([{ pointer: "/online", detail: "is for platforms that hold a connection" }]);
  }
}

/** Whether any verb would take this address as its actor's. A login stored under another could never be used. */
function isActorAddress({ verbs, credentials }: Platform, address: string): boolean {
  if (credentials?.address) return validationErrors(credentials.address, address).length === 0;
  const actors = Object.values(verbs).map(({ schema }) => schema.properties.actor);
  return (
    actors.length === 0 ||
    actors.some((actor) => actor === undefined || validationErrors(actor, { address }).length === 0)
  );
}

function refuseTooMany(error: unknown): never {
  if (error instanceof TooManyAccounts) throw new Refusal("quota-exceeded", `${error.message}; delete some first.`);
  throw error;
}
