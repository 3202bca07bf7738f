import { Webhook } from "standardwebhooks";
import { type EventError, Failure, toEventError } from "../model/failure.ts";
import type { Egress } from "../platform/platform.ts";

/** What a receiver made of one POST. */
export interface Verdict {
  readonly delivered: boolean;
  readonly status?: number;
  readonly error?: EventError;
  /** Wait that the receiver asked for (`Retry-After` of a 429 or 503). */
  readonly retryAfterMs?: number;
  /** 410: it wants nothing any more. */
  readonly gone: boolean;
  readonly ms: number;
}

export interface Receiver {
  readonly url: string;
  /** `whsec_…` */
  readonly secret: string;
}

/** Sends one JSON text, signed; never rejects. */
export type Post = (to: Receiver, id: string, json: string, signal: AbortSignal) => Promise<Verdict>;

export interface PostDeps {
  /** For https; refuses private networks but those of ALLOW_PRIVATE. */
  readonly guard: Pick<Egress, "fetch">;
  /** For plain http; reaches the networks of ALLOW_PRIVATE only. */
  readonly inside: Pick<Egress, "fetch">;
}

const PATIENCE_MS = 15_000;
const MOST_BYTES = 1024 * 1024;

/** Signs by the Standard Webhooks rules. Redirects are not followed: a hook names where it wants its events. */
export function hookPost({ guard, inside }: PostDeps): Post {
  return async ({ url, secret }, id, json, signal) => {
    const at = new Date();
    const started = performance.now();
    const ms = () => Math.round(performance.now() - started);
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": new Webhook(secret).sign(id, at, json),
    };
    const { fetch } = url.startsWith("https:") ? guard : inside;
    try {
      const limits = { timeoutMs: PATIENCE_MS, maxBytes: MOST_BYTES, maxRedirects: 0 };
      const answer = await fetch(url, { method: "POST", headers, body: json, signal, ...limits });
      return { ...verdictOf(answer.status, answer.headers["retry-after"]), ms: ms() };
    } catch (thrown) {
      return { delivered: false, gone: false, error: errorOf(thrown), ms: ms() };
    }
  };
}

function verdictOf(status: number, retryAfter: string | undefined): Omit<Verdict, "ms"> {
  if (status >= 200 && status < 300) return { delivered: true, status, gone: false };
  const [code, detail] = meaningOf(status);
  const waits = status === 429 || status === 503 ? secondsOf(retryAfter) : undefined;
  return {
    delivered: false,
    status,
    gone: status === 410,
    error: { code, detail, retryable: status !== 410, platformCode: `HTTP ${status}` },
    ...(waits === undefined ? {} : { retryAfterMs: waits * 1_000 }),
  };
}

function meaningOf(status: number): readonly [code: string, detail: string] {
  if (status === 410) return ["recipient-unknown", "The receiver says that the hook is gone for good."];
  if (status === 429) return ["platform-rate-limited", "The receiver limits how much it takes."];
  if (status >= 500) return ["platform-unavailable", "The receiver could not take it."];
  if (status >= 300 && status < 400) return ["platform-rejected", "The receiver redirects; name the last address."];
  return ["platform-rejected", "The receiver refuses it."];
}

/** Delay-seconds or an HTTP date (RFC 9110 section 10.2.3). */
function secondsOf(retryAfter = ""): number | undefined {
  if (/^\d{1,8}$/.test(retryAfter)) return Number(retryAfter);
  const date = /GMT$/.test(retryAfter) ? Date.parse(retryAfter) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1_000));
}

function errorOf(thrown: unknown): EventError {
  if (thrown instanceof Failure) return { ...toEventError(thrown), retryable: true };
  return { code: "platform-timeout", detail: "It was broken off.", retryable: true };
}
