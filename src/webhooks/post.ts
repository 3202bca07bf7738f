import { Webhook } from "standardwebhooks";
import { type EgressShares, egressFor } from "../egress/egress.ts";
import { EVENT_MEDIA_TYPES, type EventFormat, type EventFormats } from "../event-formats/event-formats.ts";
import { type EventError, Failure, toEventError } from "../model/failure.ts";

/** The receiver's answer to one POST. */
export interface PostResult {
  readonly delivered: boolean;
  readonly status?: number;
  readonly error?: EventError;
  /** Wait requested by the receiver (`Retry-After` of a 429 or 503). */
  readonly retryAfterMs?: number;
  /** True after a 410: the receiver wants no more events. */
  readonly gone: boolean;
  readonly ms: number;
}

/** Address of an app that takes its events. */
export interface Receiver {
  readonly app: string;
  readonly url: string;
  /** Format of the events; default the log's own. */
  readonly format?: EventFormat;
  /** `whsec_…` */
  readonly secret: string;
}

/** Event as one JSON text to send. */
export interface PostedEvent {
  readonly id: string;
  readonly json: string;
  /** Unix ms for the signature. Receivers refuse old or early signatures. */
  readonly at: number;
}

/** Sends one JSON text, signed; never rejects. */
export type Post = (receiver: Receiver, event: PostedEvent, signal: AbortSignal) => Promise<PostResult>;

export interface PostDeps {
  readonly formats: EventFormats;
  /** For https; refuses private networks except those of ALLOW_PRIVATE. */
  readonly guard: EgressShares;
  /** For plain http; reaches only the networks of ALLOW_PRIVATE. */
  readonly internalEgress: EgressShares;
}

const TIMEOUT_MS = 15_000;
const MAX_RESPONSE_BYTES = 1024 * 1024;

/**
 * Makes the function that signs and posts by the Standard Webhooks rules.
 * Redirects are not followed: events go only to the configured address.
 */
export function webhookPost({ guard, internalEgress, formats }: PostDeps): Post {
  return async ({ app, url, secret, format = "dragoman" }, { id, json, at }, signal) => {
    const body = formats.writerOf(format)?.write(json, id) ?? json;
    const started = performance.now();
    const ms = () => Math.round(performance.now() - started);
    const headers = {
      "content-type": EVENT_MEDIA_TYPES[format],
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at / 1_000)),
      "webhook-signature": new Webhook(secret).sign(id, new Date(at), body),
    };
    const { fetch } = egressFor(url.startsWith("https:") ? guard : internalEgress, app);
    try {
      const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_RESPONSE_BYTES, maxRedirects: 0 };
      const response = await fetch(url, { method: "POST", headers, body, signal, ...limits });
      return { ...resultOf(response.status, response.headers["retry-after"]), ms: ms() };
    } catch (thrown) {
      return { delivered: false, gone: false, error: errorOf(thrown), ms: ms() };
    }
  };
}

function resultOf(status: number, retryAfter: string | undefined): Omit<PostResult, "ms"> {
  if (status >= 200 && status < 300) return { delivered: true, status, gone: false };
  const [code, detail] = classifyStatus(status);
  const waitSeconds = status === 429 || status === 503 ? secondsOf(retryAfter) : undefined;
  return {
    delivered: false,
    status,
    gone: status === 410,
    error: { code, detail, retryable: status !== 410, platformCode: `HTTP ${status}` },
    ...(waitSeconds === undefined ? {} : { retryAfterMs: waitSeconds * 1_000 }),
  };
}

function classifyStatus(status: number): readonly [code: string, detail: string] {
  if (status === 410) return ["recipient-unknown", "The receiver answered 410: the webhook was removed permanently."];
  if (status === 429) return ["platform-rate-limited", "The receiver limits the rate of requests."];
  if (status >= 500) return ["platform-unavailable", "The receiver is unavailable."];
  if (status >= 300 && status < 400)
    return ["platform-rejected", "The receiver redirects; set the webhook's url to the final address."];
  return ["platform-rejected", "The receiver rejected the request."];
}

/** Parses delay-seconds or an HTTP date (RFC 9110 section 10.2.3) into seconds. */
function secondsOf(retryAfter = ""): number | undefined {
  if (/^\d{1,8}$/.test(retryAfter)) return Number(retryAfter);
  const date = /GMT$/.test(retryAfter) ? Date.parse(retryAfter) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1_000));
}

function errorOf(thrown: unknown): EventError {
  if (thrown instanceof Failure) return { ...toEventError(thrown), retryable: true };
  return { code: "platform-timeout", detail: "The request was aborted.", retryable: true };
}
