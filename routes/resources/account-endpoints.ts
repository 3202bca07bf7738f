import type { Account } from "../../src/accounts/accounts.ts";
import { setAccountEndpoint } from "../../src/inbound/account-endpoint.ts";
import type { WebhookEndpoints } from "../../src/inbound/webhook-endpoints.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { PlatformRegistry } from "../../src/platform/platform-registry.ts";

/** An account as answers show it; `inbound` is the address to give to the network for its pushes. */
export type ShownAccount = Account & { readonly inbound?: string };

/** The doors that accounts have at platforms whose networks push. */
export interface AccountDoors {
  /** Opens, keeps or closes the account's door as its new credentials ask for. */
  readonly set: (app: string, account: Account, platform: Platform, credentials: unknown) => Promise<ShownAccount>;
  readonly shown: (app: string, account: Account) => Promise<ShownAccount>;
  readonly close: (app: string, account: Account) => Promise<void>;
}

/** `base` is where the outside reaches the gateway, with the base path. */
export function accountDoors(
  doors: Pick<WebhookEndpoints, "open" | "idOf" | "close">,
  platforms: Pick<PlatformRegistry, "find">,
  base: string,
): AccountDoors {
  const show = (account: Account, id: string | undefined): ShownAccount =>
    id === undefined ? account : { ...account, inbound: `${base}/inbound/${account.platform}/${id}` };
  const hasDoors = ({ platform }: Account): boolean => platforms.find(platform)?.webhook?.secrets !== undefined;

  return {
    set: async (app, account, platform, credentials) =>
      show(account, await setAccountEndpoint(doors, app, platform, { ...account, credentials })),
    shown: async (app, account) =>
      hasDoors(account) ? show(account, await doors.idOf(app, account.platform, account.id)) : account,
    close: async (app, account) => {
      if (hasDoors(account)) await doors.close(app, account.platform, account.id);
    },
  };
}
