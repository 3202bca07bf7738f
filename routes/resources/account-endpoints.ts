import type { Account } from "../../src/accounts/accounts.ts";
import type { WebhookEndpoints } from "../../src/inbound/webhook-endpoints.ts";
import type { PlatformRegistry } from "../../src/platform/platform-registry.ts";

/** An account as answers show it. `inbound` is the address to give to the network for its webhooks. */
export type AccountView = Account & { readonly inbound?: string };

/** Adds the address of an account's inbound webhook endpoint to the account. */
export interface AccountViews {
  /** Looks the endpoint up where the account's platform has one. */
  readonly view: (app: string, account: Account) => Promise<AccountView>;
  /** Takes the endpoint's id from the caller; undefined: there is none. */
  readonly viewWith: (account: Account, endpoint: string | undefined) => AccountView;
}

/** Makes the views. `base` is the gateway's public address with the base path. */
export function accountViews(
  endpoints: Pick<WebhookEndpoints, "idOf">,
  platforms: Pick<PlatformRegistry, "find">,
  base: string,
): AccountViews {
  const viewWith = (account: Account, endpoint: string | undefined): AccountView =>
    endpoint === undefined ? account : { ...account, inbound: `${base}/inbound/${account.platform}/${endpoint}` };

  return {
    viewWith,
    view: async (app, account) => {
      const hasEndpoint = platforms.find(account.platform)?.webhook?.secrets !== undefined;
      return hasEndpoint ? viewWith(account, await endpoints.idOf(app, account.platform, account.id)) : account;
    },
  };
}
