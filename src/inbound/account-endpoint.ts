import type { Platform } from "../platform/platform.ts";
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
