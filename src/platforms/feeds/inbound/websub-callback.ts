import { createHmac, timingSafeEqual } from "node:crypto";
import type {
  VerificationSecrets,
  WebhookReceiver,
  WebhookRequest,
  WebhookResponse,
} from "../../../platform/inbound-webhook.ts";
import type { HubState } from "./state.ts";

const DEFAULT_LEASE_SECONDS = 864_000;
const MAX_LEASE_SECONDS = 30 * 86_400;
const MIN_LEASE_SECONDS = 60;
/** Tolerated difference between the clocks of API and worker. */
const MAX_SKEW_MS = 30_000;
const SIGNATURE_METHODS = new Set(["sha1", "sha256", "sha384", "sha512"]);

/**
 * Receiver of a hub's requests to a feed's endpoint (W3C WebSub). Confirms only subscriptions that the gateway requested. Of
 * pushed content only the signature counts: the feed itself is then polled at once.
 */
export const webSubCallback: WebhookReceiver = {
  receive: (request, secrets) =>
    request.method === "GET" ? verifyIntent(request.query, secrets) : takePush(request, secrets),
};

function verifyIntent(query: URLSearchParams, { topic, mode }: VerificationSecrets): WebhookResponse {
  if (query.get("hub.topic") !== topic) return { status: 404 };
  if (query.get("hub.mode") === "denied") return { status: 200, topic: { note: `denied ${Date.now()}` } };
  if (query.get("hub.mode") !== mode) return { status: 404 };
  const challenge = query.get("hub.challenge") ?? "";
  if (!/^[\x21-\x7e]{1,1024}$/.test(challenge)) return { status: 400 };
  if (mode !== "subscribe") return { status: 200, body: challenge, topic: { note: "left", runNow: true } };
  const requested = Number.parseInt(query.get("hub.lease_seconds") ?? "", 10);
  const lease = Number.isNaN(requested) ? DEFAULT_LEASE_SECONDS : requested;
  const seconds = Math.min(Math.max(lease, MIN_LEASE_SECONDS), MAX_LEASE_SECONDS);
  return { status: 200, body: challenge, topic: { note: `agreed ${Date.now()} ${seconds}` } };
}

function takePush({ headers, body }: WebhookRequest, { secret = "", mode }: VerificationSecrets): WebhookResponse {
  const [method = "", hex = ""] = (headers["x-hub-signature"] ?? "").split("=");
  if (!SIGNATURE_METHODS.has(method) || !/^[0-9a-f]{40,128}$/i.test(hex)) return { status: 403 };
  const expected = createHmac(method, secret).update(body).digest();
  const signature = Buffer.from(hex, "hex");
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return { status: 403 };
  return { status: 200, topic: { runNow: mode === "subscribe" } };
}

/** The hub's last answer: until when it announces new entries, or that it does not. */
export interface Lease {
  /** Unix ms; 0 without a lease. */
  readonly until: number;
  readonly ms: number;
  /** True when the answer came after the last request. */
  readonly isCurrent: boolean;
  readonly isDenied: boolean;
}

/** Parses the hint that `webSubCallback` left. */
export function leaseOf(hint: string | undefined, { since, asked }: Pick<HubState, "since" | "asked">): Lease {
  const [answer, time = 0, seconds = 0] = (hint ?? "")
    .split(" ")
    .map((part, index) => (index === 0 ? part : Number(part)));
  const [answeredAt, ms] = [Number(time), Number(seconds) * 1_000];
  const isCurrent = answeredAt >= asked - MAX_SKEW_MS;
  const isAgreed = answer === "agreed" && answeredAt >= since - MAX_SKEW_MS;
  return {
    until: isAgreed ? answeredAt + ms : 0,
    ms: isAgreed ? ms : 0,
    isCurrent,
    isDenied: answer === "denied" && isCurrent,
  };
}
