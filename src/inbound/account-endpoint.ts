import { accountId } from "../model/account-id.ts";
import type { AccountContext, Platform } from "../platform/platform.ts";
import type { WebhookEndpoints } from "./webhook-endpoints.ts";

/** An account just stored, with its credentials. */
export interface StoredLogin {
  readonly id: string;
  readonly address: string;
  readonly credentials: unknown;
}

/**
 * Opens, updates or closes an account's webhook endpoint according to its new credentials.
 * Returns the endpoint's id, if there is one. Every caller that stores an account calls this.
 */
export async function setAccountEndpoint(
  endpoints: Pick<WebhookEndpoints, "open" | "close">,
  app: string,
  { id: platform, webhook }: Platform,
  { id, address, credentials }: StoredLogin,
): Promise<string | undefined> {
  if (webhook?.secrets === undefined) return undefined;
  const secrets = webhook.secrets({ address, credentials });
  if (secrets !== undefined) return endpoints.open(app, platform, id, secrets, webhook.routingKey?.(secrets));
  await endpoints.close(app, platform, id);
  return undefined;
}

/** The part of `AccountContext` that finds an account's endpoint. */
export type EndpointAccess = Pick<AccountContext<unknown>, "inboundEndpoint">;

/** Makes the endpoint access of an account for its client. */
export type AccountEndpoints = (app: string, platform: string, address: string) => EndpointAccess;

export interface AccountEndpointsDeps {
  readonly endpoints: Pick<WebhookEndpoints, "idOf" | "find">;
  /** Public address of the gateway, with the base path. */
  readonly base: string;
}

/** Makes the function that gives clients access to their account's endpoint. */
export function accountEndpoints({ endpoints, base }: AccountEndpointsDeps): AccountEndpoints {
  return (app, platform, address) => ({
    inboundEndpoint: async () => {
      const endpointId = await endpoints.idOf(app, platform, accountId(platform, address));
      const endpoint = endpointId === undefined ? undefined : await endpoints.find(platform, endpointId);
      if (endpoint === undefined) return undefined;
      return { url: `${base}/inbound/${platform}/${endpointId}`, secrets: endpoint.secrets };
    },
  });
}
