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
import { recordOf, recordsIn } from "./json.ts";
import { readMessaging } from "./message.ts";

/** Maximum batch sizes; Facebook's batches hold up to 1,000 entries. */
const MAX_ENTRIES = 1_000;
const MAX_ITEMS = 1_000;

/**
 * Facebook's webhook. The receiver answers the challenge and accepts events signed with the Meta app's secret
 * (https://developers.facebook.com/docs/graph-api/webhooks/getting-started).
 */
export const webhook: WebhookReceiver<Credentials> = {
  secrets: ({ address, credentials: { appSecret, verifyToken, otherPages = [] } }) =>
    verifyToken === undefined ? undefined : { appSecret, verifyToken, pages: [address, ...otherPages].join(" ") },
  receive: (request, secrets, endpoint) =>
    request.method === "GET" ? answerChallenge(request, secrets) : readEvents(request, secrets, endpoint),
};

function answerChallenge({ query }: WebhookRequest, { verifyToken = "" }: VerificationSecrets): WebhookResponse {
  const challenge = query.get("hub.challenge") ?? "";
  const isValid = query.get("hub.mode") === "subscribe" && isSameText(query.get("hub.verify_token") ?? "", verifyToken);
  if (!isValid) return { status: 403 };
  // Facebook's challenges are numbers; other text is not echoed to its sender.
  return /^[A-Za-z0-9_-]{1,256}$/.test(challenge) ? { status: 200, body: challenge } : { status: 400 };
}

function readEvents(
  { headers, body }: WebhookRequest,
  secrets: VerificationSecrets,
  endpoint: WebhookEndpoint,
): WebhookResponse {
  if (!isSigned(body, headers["x-hub-signature-256"], secrets.appSecret ?? "")) return { status: 403 };
  const { object, entry } = recordOf(parseJson(body));
  if (object === undefined) return { status: 400 };
  const pages = new Set((secrets.pages ?? "").split(" "));
  const entries = object === "page" ? recordsIn(entry, MAX_ENTRIES) : [];
  const results: InboundResult[] = entries.flatMap(({ id, time, messaging, standby, changes }) => {
    // A Meta app has one webhook for all its Pages: other accounts' entries are not this account's to read.
    if (typeof id !== "string" || !pages.has(id)) return [];
    const context = { page: id, app: endpoint.app, time };
    return [
      ...recordsIn(messaging, MAX_ITEMS).map((item) => readMessaging(item, context)),
      ...recordsIn(standby, MAX_ITEMS).map((item) => readMessaging(item, { ...context, isStandby: true })),
      ...recordsIn(changes, MAX_ITEMS).map((item) => readFeedChange(item, context)),
    ];
  });
  return {
    status: 200,
    body: "EVENT_RECEIVED",
    events: results.flatMap(({ event }) => event ?? []),
    receipts: results.flatMap(({ receipt }) => receipt ?? []),
  };
}

function isSigned(body: Buffer, header: string | undefined, secret: string): boolean {
  const signature = Buffer.from(/^sha256=([0-9a-f]{64})$/.exec(header ?? "")?.[1] ?? "", "hex");
  const expected = createHmac("sha256", secret).update(body).digest();
  return secret !== "" && signature.length === expected.length && timingSafeEqual(signature, expected);
}

/** Compares two texts in constant time. An empty expectation never matches. */
function isSameText(text: string, expected: string): boolean {
  const digest = (value: string) => createHash("sha256").update(value).digest();
  return expected !== "" && timingSafeEqual(digest(text), digest(expected));
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
