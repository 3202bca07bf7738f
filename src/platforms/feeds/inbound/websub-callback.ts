import { createHmac, timingSafeEqual } from "node:crypto";
import type {
  VerificationSecrets,
  WebhookReceiver,
  WebhookRequest,
  WebhookResponse,
} from "../../../platform/inbound-webhook.ts";
import type { HubMemory } from "./state-schema.ts";

const DEFAULT_LEASE = 864_000;
const LONGEST_LEASE = 30 * 86_400;
const SHORTEST_LEASE = 60;
/** Clocks of the API and the worker may differ. */
const SKEW_MS = 30_000;
const METHODS = new Set(["sha1", "sha256", "sha384", "sha512"]);

/**
 * What a hub sends to a feed's door (W3C WebSub): its questions whether we asked for this, answered only when we did, and
 * news. Of those only the signature is looked at: the feed itself is then polled at once.
 */
export const push: WebhookReceiver = {
  receive: (pushed, secrets) => (pushed.method === "GET" ? verified(pushed.query, secrets) : told(pushed, secrets)),
};

function verified(query: URLSearchParams, { topic, mode }: VerificationSecrets): WebhookResponse {
  if (query.get("hub.topic") !== topic) return { status: 404 };
  if (query.get("hub.mode") === "denied") return { status: 200, topic: { note: `denied ${Date.now()}` } };
  if (query.get("hub.mode") !== mode) return { status: 404 };
  const challenge = query.get("hub.challenge") ?? "";
  if (!/^[\x21-\x7e]{1,1024}$/.test(challenge)) return { status: 400 };
  if (mode !== "subscribe") return { status: 200, body: challenge, topic: { note: "left", hasten: true } };
  const said = Number.parseInt(query.get("hub.lease_seconds") ?? "", 10);
  const seconds = Math.min(Math.max(Number.isNaN(said) ? DEFAULT_LEASE : said, SHORTEST_LEASE), LONGEST_LEASE);
  return { status: 200, body: challenge, topic: { note: `agreed ${Date.now()} ${seconds}` } };
}

function told({ headers, body }: WebhookRequest, { secret = "", mode }: VerificationSecrets): WebhookResponse {
  const [method = "", signature = ""] = (headers["x-hub-signature"] ?? "").split("=");
  if (!METHODS.has(method) || !/^[0-9a-f]{40,128}$/i.test(signature)) return { status: 403 };
  const expected = createHmac(method, secret).update(body).digest();
  const given = Buffer.from(signature, "hex");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { status: 403 };
  return { status: 200, topic: { hasten: mode === "subscribe" } };
}

/** What a hub said last: for how long it tells of news (`ms`, `until`), or that it does not; `fresh`: after it was last asked. */
export function leaseOf(note: string | undefined, { since, asked }: Pick<HubMemory, "since" | "asked">) {
  const [word, at = 0, seconds = 0] = (note ?? "").split(" ").map((part, index) => (index === 0 ? part : Number(part)));
  const [said, ms] = [Number(at), Number(seconds) * 1_000];
  const ours = said >= since - SKEW_MS;
  const fresh = said >= asked - SKEW_MS;
  const agreed = word === "agreed" && ours;
  return { until: agreed ? said + ms : 0, ms: agreed ? ms : 0, fresh, denied: word === "denied" && fresh };
}
