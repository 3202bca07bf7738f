import type { Platform } from "../platform/platform.ts";
import type { WebhookEndpoints } from "./webhook-endpoints.ts";

/** An account that was just stored, with what it was stored with. */
export interface StoredLogin {
  readonly id: string;
  readonly address: string;
  readonly credentials: unknown;
}

/**
 * Opens, keeps or closes the door of an account as its new credentials ask for; answers the door's id where there is one.
 * Whoever stores an account calls it.
 */
export async function setAccountDoor(
  doors: Pick<WebhookEndpoints, "open" | "close">,
  app: string,
  { id: platform, webhook: push }: Platform,
  { id, address, credentials }: StoredLogin,
): Promise<string | undefined> {
  if (push?.secrets === undefined) return undefined;
  const secrets = push.secrets({ address, credentials });
  if (secrets !== undefined) return doors.open(app, platform, id, secrets, push.routingKey?.(secrets));
  await doors.close(app, platform, id);
  return undefined;
}
