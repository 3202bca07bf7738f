import type { Static, TSchema } from "typebox";
import { Failure } from "../../../model/failure.ts";
import { validationErrors } from "../../../model/validate.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import type { Egress } from "../../../platform/platform.ts";
import { failureFor, unreadableAnswer } from "../errors.ts";
import { type HttpRequest, type HttpResponse, type Signer, sendRequest } from "./http.ts";
import { type RateLimits, rateLimits } from "./rate-limits.ts";
import type { SignerSource } from "./signing.ts";

/** A request with its meaning for the work. */
export interface ApiRequest extends HttpRequest {
  /** Awaited when the rate limit has room and nothing was sent yet: `commit` belongs here. */
  readonly beforeSend?: () => Promise<void>;
  /** True when repeating has no further effect. A broken connection is then a plain reason to retry. */
  readonly isIdempotent?: boolean;
}

/** X's API for one account: signed, within the rate limits, through the egress guard. */
export interface Api {
  /** Throws a `Failure` for any answer that does not fit the schema. */
  readonly request: <Schema extends TSchema>(request: ApiRequest, schema: Schema) => Promise<Static<Schema>>;
  readonly limits: RateLimits["limits"];
  readonly spacingMs: RateLimits["spacingMs"];
}

interface Answer extends HttpResponse {
  /** Milliseconds to wait after a 429. */
  readonly waitMs: number;
}

/** Opens the API at `base` with the given signers; sends nothing yet. */
export function openApi(fetch: Egress["fetch"], signers: SignerSource, base: string): Api {
  const limiter = rateLimits();

  async function answerOf({ beforeSend, ...request }: ApiRequest): Promise<Answer> {
    const signer = await signers.current();
    const answer = await send(request, signer, beforeSend);
    const replacement = answer.status === 401 ? await signers.replace(signer) : undefined;
    return replacement === undefined ? answer : send(request, replacement);
  }

  async function send(request: HttpRequest, signer: Signer, beforeSend?: () => Promise<void>): Promise<Answer> {
    const permit = await limiter.acquire(endpointOf(request), request.signal);
    try {
      await beforeSend?.();
    } catch (thrown) {
      permit.release();
      throw thrown;
    }
    try {
      const answer = await sendRequest(fetch, base, signer, request);
      return { ...answer, waitMs: permit.settle(answer.headers, answer.status === 429) };
    } catch (thrown) {
      permit.abandon();
      throw request.signal.aborted && request.method !== "GET" ? interrupted(thrown) : thrown;
    }
  }

  return {
    async request(request, schema) {
      try {
        const answer = await answerOf(request);
        const { status, body } = answer;
        if (status >= 200 && status < 300 && validationErrors(schema, body).length === 0)
          return body as Static<typeof schema>;
        throw failureOf(endpointOf(request), answer);
      } catch (thrown) {
        if (request.isIdempotent && thrown instanceof Failure && thrown.mayHaveLanded)
          throw failureWith(thrown, { mayHaveLanded: false });
        throw thrown;
      }
    },
    limits: limiter.limits,
    spacingMs: limiter.spacingMs,
  };
}

/** Returns the failure of a request that was aborted on its way. X may have received it. */
function interrupted(cause: unknown): Failure {
  const detail = "The attempt was stopped before X's answer.";
  return new Failure({ kind: "retryable", code: "platform-timeout", detail, mayHaveLanded: true, cause });
}

const endpointOf = ({ method, path }: HttpRequest): string => `${method} ${path}`;

/**
 * Returns the failure that an answer means. X answers 200 with `errors` and without `data` for a refusal, and with both for
 * a partial success.
 */
function failureOf(endpoint: string, { status, body, waitMs }: Answer): Failure {
  const isRefusal = status >= 300 || (typeof body === "object" && body !== null && "errors" in body);
  if (!isRefusal) return unreadableAnswer(endpoint, status);
  const failure = failureFor({ endpoint, status, body });
  return failure.kind === "rate-limited"
    ? failureWith(failure, { mayHaveLanded: false, retryAfterMs: waitMs })
    : failure;
}
