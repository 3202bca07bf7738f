import { createHmac } from "node:crypto";
import { Failure } from "../../../model/failure.ts";
import type { Egress } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { failureFor } from "../errors.ts";
import { rateLimits, type Usage } from "./rate-limits.ts";

/** The Graph API with its version, where an operator says nothing else by `FACEBOOK_API_URL`. */
export const GRAPH_API = "https://graph.facebook.com/v26.0";
/** A page of a feed with all that is asked of it is far smaller. */
const ANSWER_BYTES = 4 * 1024 * 1024;
const ANSWER_MS = 30_000;

/** One call of the Graph API. */
export interface GraphRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the version, without a leading slash; every part of it fits a schema. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** Awaited when there is room in the budget and nothing has left: the place for `commit`. */
  readonly beforeSend?: () => Promise<void>;
  /** Doing it twice is as good as once: a break is then no doubt, just a reason to do it again. */
  readonly isIdempotent?: boolean;
}

/** The Graph API for one Page: within its limits, through the egress guard. */
export interface Graph {
  /** The parsed JSON of a success; throws a `Failure` for anything else. */
  readonly request: (call: GraphRequest) => Promise<Readonly<Record<string, unknown>>>;
  readonly usage: () => Usage;
}

/** Opens the API at `base` for a Page's token; nothing is asked yet. */
export function openGraph(fetch: Egress["fetch"], credentials: Credentials, base: string): Graph {
  const { pageToken, appSecret } = credentials;
  // https://developers.facebook.com/docs/graph-api/guides/secure-requests: a stolen token alone is of no use.
  const appsecret_proof = createHmac("sha256", appSecret).update(pageToken).digest("hex");
  const pace = rateLimits();

  async function call({ beforeSend: before, isIdempotent: repeatable = false, ...ask }: GraphRequest) {
    pace.acquire();
    await before?.();
    const changes = ask.method !== "GET" && !repeatable;
    const { status, headers, body } = await answered(ask, changes);
    const parsed = parsedJson(body);
    const good = status >= 200 && status < 300 && isBag(parsed) && parsed.error === undefined;
    const failure = good ? undefined : failureFor({ status, body: parsed, changes });
    const waitMs = pace.settle(headers, failure?.kind === "rate-limited");
    if (failure) throw failure.kind === "rate-limited" ? waiting(failure, waitMs) : failure;
    return parsed as Readonly<Record<string, unknown>>;
  }

  async function answered(
    { method, path, query = {}, body, signal }: Omit<GraphRequest, "beforeSend">,
    changes: boolean,
  ) {
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
        timeoutMs: ANSWER_MS,
        maxBytes: ANSWER_BYTES,
        maxRedirects: 0,
      });
    } catch (thrown) {
      throw inDoubt(thrown, signal, changes);
    }
  }

  return { request: call, usage: pace.usage };
}

/** A request that was stopped on its way may have arrived all the same; one that may be repeated leaves no doubt. */
function inDoubt(thrown: unknown, signal: AbortSignal, changes: boolean): unknown {
  if (changes && signal.aborted) {
    const detail = "The work was stopped while Facebook's answer was awaited.";
    return new Failure({ kind: "retryable", code: "platform-timeout", detail, mayHaveLanded: true, cause: thrown });
  }
  return !changes && thrown instanceof Failure && thrown.mayHaveLanded ? like(thrown, {}) : thrown;
}

function waiting(failure: Failure, retryAfterMs: number): Failure {
  return like(failure, { retryAfterMs });
}

function like(
  { kind, code, message: detail, platformCode }: Failure,
  more: { readonly retryAfterMs?: number },
): Failure {
  return new Failure({ kind, code, detail, ...(platformCode === undefined ? {} : { platformCode }), ...more });
}

function parsedJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    // A proxy's page about its own trouble still has a status that says enough.
    return undefined;
  }
}

function isBag(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
