import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type {
  VerificationSecrets,
  WebhookEndpoint,
  WebhookReceiver,
  WebhookRequest,
  WebhookResponse,
} from "../../../platform/inbound-webhook.ts";
import type { Credentials } from "../credentials.ts";
import { readFeedChange } from "./feed-change.ts";
import type { InboundResult } from "./inbound.ts";
import { recordOf, recordsIn } from "./item.ts";
import { readMessaging } from "./message.ts";

/** Facebook's batches hold up to 1,000 of them. */
const ENTRIES_MOST = 1_000;
const ITEMS_MOST = 1_000;

/**
 * Facebook's webhook: the challenge when its address is typed in, and events signed by the Meta app's secret
 * (https://developers.facebook.com/docs/graph-api/webhooks/getting-started).
 */
export const webhook: WebhookReceiver<Credentials> = {
  secrets: ({ address, credentials: { appSecret, verifyToken, otherPages = [] } }) =>
    verifyToken === undefined ? undefined : { appSecret, verifyToken, pages: [address, ...otherPages].join(" ") },
  receive: (pushed, secrets, door) =>
    pushed.method === "GET" ? challenged(pushed, secrets) : received(pushed, secrets, door),
};

function challenged({ query }: WebhookRequest, { verifyToken = "" }: VerificationSecrets): WebhookResponse {
  const body = query.get("hub.challenge") ?? "";
  const isAsked = query.get("hub.mode") === "subscribe" && sameText(query.get("hub.verify_token") ?? "", verifyToken);
  if (!isAsked) return { status: 403 };
  // Facebook's are numbers; whatever else is not given back to whom it came from.
  return /^[A-Za-z0-9_-]{1,256}$/.test(body) ? { status: 200, body } : { status: 400 };
}

function received(
  { headers, body }: WebhookRequest,
  secrets: VerificationSecrets,
  door: WebhookEndpoint,
): WebhookResponse {
  if (!isSigned(body, headers["x-hub-signature-256"], secrets.appSecret ?? "")) return { status: 403 };
  const { object, entry } = recordOf(parsed(body));
  if (object === undefined) return { status: 400 };
  const pages = new Set((secrets.pages ?? "").split(" "));
  const entries = object === "page" ? recordsIn(entry, ENTRIES_MOST) : [];
  const brought: InboundResult[] = entries.flatMap(({ id, time, messaging, changes }) => {
    // A Meta app has one webhook for all its Pages: what is another account's is not this one's to have.
    if (typeof id !== "string" || !pages.has(id)) return [];
    const words = { page: id, app: door.app, time };
    return [
      ...recordsIn(messaging, ITEMS_MOST).map((one) => readMessaging(one, words)),
      ...recordsIn(changes, ITEMS_MOST).map((one) => readFeedChange(one, words)),
    ];
  });
  return {
    status: 200,
    body: "EVENT_RECEIVED",
    events: brought.flatMap(({ event: arrival }) => arrival ?? []),
    receipts: brought.flatMap(({ receipt: report }) => report ?? []),
  };
}

function isSigned(body: Buffer, header: string | undefined, secret: string): boolean {
  const given = Buffer.from(/^sha256=([0-9a-f]{64})$/.exec(header ?? "")?.[1] ?? "", "hex");
  const right = createHmac("sha256", secret).update(body).digest();
  return secret !== "" && given.length === right.length && timingSafeEqual(given, right);
}

/** In a time that does not depend on where they differ. */
function sameText(one: string, two: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return two !== "" && timingSafeEqual(digest(one), digest(two));
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
