import type { ConnectionContext } from "../../../platform/connection.ts";
import { type Client, openClient, type TelegramSettings } from "../client/client.ts";
import { type Credentials, webhookSecret } from "../credentials.ts";
import { table } from "../errors.ts";
import { longPoll } from "./long-poll.ts";
import { ALLOWED_UPDATES } from "./updates.ts";

/**
 * Connects a bot. Checks the token and starts long polling, or registers the webhook at the account's own endpoint.
 * Throws values that `classifyError` knows; a webhook without PUBLIC_URL is a permanent failure.
 */
export async function connect(context: ConnectionContext<Credentials>, settings: TelegramSettings): Promise<Client> {
  const client = openClient(context, settings);
  const { signal, credentials } = context;
  await client.request({ method: "getMe", signal, isIdempotent: true });
  if (credentials.delivery === "webhook") {
    await registerWebhook(client, context);
    return client;
  }
  // Updates come by one way only: a webhook of former times would make getUpdates a conflict.
  await client.request({ method: "deleteWebhook", signal, isIdempotent: true });
  const stopping = new AbortController();
  const polling = longPoll(client, context, AbortSignal.any([signal, stopping.signal])).catch(context.onDisconnected);
  return {
    ...client,
    async stop() {
      stopping.abort(new Error("the connection is closed"));
      await polling;
    },
  };
}

async function registerWebhook(client: Client, context: ConnectionContext<Credentials>): Promise<void> {
  const endpoint = await context.inboundEndpoint?.();
  if (!endpoint)
    throw table.failure({
      as: "rejected",
      detail: "A webhook needs PUBLIC_URL: set it, or store the account with delivery `poll`.",
    });
  const parameters = {
    url: endpoint.url,
    secret_token: webhookSecret(context.credentials),
    allowed_updates: ALLOWED_UPDATES,
  };
  await client.request({ method: "setWebhook", parameters, signal: context.signal, isIdempotent: true });
}
