import { createHmac } from "node:crypto";
import { Failure } from "../../../model/failure.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import type { Egress } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { failureFor } from "../errors.ts";
import { rateLimits, type Usage } from "./rate-limits.ts";

/** Address of the Graph API with its version; operators may set another by `FACEBOOK_API_URL`. */
export const GRAPH_API = "https://graph.facebook.com/v26.0";
/** Maximum size of an answer. A page of a feed with all fields is far smaller. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const ANSWER_TIMEOUT_MS = 30_000;

/** A request to the Graph API. */
export interface GraphRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path below the version, without a leading slash; every part of it fits a schema. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** Awaited when the rate limit has room and nothing was sent yet: `commit` belongs here. */
  readonly beforeSend?: () => Promise<void>;
  /** True when repeating has no further effect. A broken connection is then a plain reason to retry. */
  readonly isIdempotent?: boolean;
}

/** The Graph API for one Page: within its rate limits, through the egress guard. */
export interface Graph {
  /** Returns the parsed JSON of a success; throws a `Failure` for any other answer. */
  readonly request: (request: GraphRequest) => Promise<Readonly<Record<string, unknown>>>;
  readonly usage: () => Usage;
}

/** Opens the API at `base` with a Page's token; sends nothing yet. */
export function openGraph(
  fetch: Egress["fetch"],
  { pageToken, appSecret }: Pick<Credentials, "pageToken" | "appSecret">,
  base: string,
): Graph {
  // https://developers.facebook.com/docs/graph-api/guides/secure-requests: a stolen token alone is of no use.
  const appsecret_proof = createHmac("sha256", appSecret).update(pageToken).digest("hex");
  const limiter = rateLimits();

  async function request({ beforeSend, isIdempotent = false, ...options }: GraphRequest) {
    limiter.acquire();
    await beforeSend?.();
    const changes = options.method !== "GET" && !isIdempotent;
    const { status, headers, body } = await send(options, changes);
    const json = parseJson(body);
    const isSuccess = status >= 200 && status < 300 && isRecord(json) && json.error === undefined;
    const failure = isSuccess ? undefined : failureFor({ status, body: json, changes });
    const waitMs = limiter.settle(headers, failure?.kind === "rate-limited");
    if (failure)
      throw failure.kind === "rate-limited"
        ? failureWith(failure, { retryAfterMs: waitMs, mayHaveLanded: false })
        : failure;
    return json as Readonly<Record<string, unknown>>;
  }

  async function send({ method, path, query = {}, body, signal }: GraphRequest, changes: boolean) {
    const url = new URL(`${base}/${path}`);
    for (const [name, value] of Object.entries({ ...query, appsecret_proof }))
      url.searchParams.set(name, String(value));
    const headers = {
      accept: "application/json",
      authorization: `Bearer ${pageToken}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    try {
      return await fetch(url.href, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
        timeoutMs: ANSWER_TIMEOUT_MS,
        maxBytes: MAX_ANSWER_BYTES,
        maxRedirects: 0,
      });
    } catch (thrown) {
      throw sendFailure(thrown, signal, changes);
    }
  }

  return { request, usage: limiter.usage };
}

/** Marks a request that was aborted on its way as possibly received. Requests that may be repeated are not marked. */
function sendFailure(thrown: unknown, signal: AbortSignal, changes: boolean): unknown {
  if (changes && signal.aborted) {
    const detail = "The attempt was stopped before Facebook's answer.";
    return new Failure({ kind: "retryable", code: "platform-timeout", detail, mayHaveLanded: true, cause: thrown });
  }
  if (changes || !(thrown instanceof Failure) || !thrown.mayHaveLanded) return thrown;
  return failureWith(thrown, { mayHaveLanded: false });
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    // A proxy's error page is not JSON, but its status says enough.
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
