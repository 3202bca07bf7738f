import { createHash, timingSafeEqual } from "node:crypto";
import type { WebhookReceiver } from "../../../platform/inbound-webhook.ts";
import { type Credentials, webhookSecret } from "../credentials.ts";
import { recordOf } from "../errors.ts";
import { eventsOf } from "./updates.ts";

const MAX_UPDATE_BYTES = 1024 * 1024;

/** Receiver of Telegram's webhook: verified by the secret that `setWebhook` registered (Bot API, setWebhook). */
export const webhook: WebhookReceiver<Credentials> = {
  secrets: ({ address, credentials }) =>
    credentials.delivery === "webhook" ? { secret: webhookSecret(credentials), address } : undefined,
  receive({ method, headers, body }, secrets) {
    if (method !== "POST" || body.length > MAX_UPDATE_BYTES) return { status: 400 };
    const secret = headers["x-telegram-bot-api-secret-token"] ?? "";
    if (!isEqual(secret, secrets.secret ?? "")) return { status: 403 };
    const update = parse(body);
    if (update === undefined) return { status: 400 };
    const events = eventsOf(update, secrets.address ?? "");
    const query = recordOf(recordOf(update).callback_query).id;
    if (typeof query !== "string") return { status: 200, events };
    // The response may carry one call: it ends the progress mark on the button.
    const answer = JSON.stringify({ method: "answerCallbackQuery", callback_query_id: query });
    return { status: 200, events, contentType: "application/json", body: answer };
  },
};

function isEqual(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return b !== "" && timingSafeEqual(digest(a), digest(b));
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
