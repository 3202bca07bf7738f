import type { ServerResponse } from "node:http";
import { Refusal } from "../../src/model/refusal.ts";
import type { ValidationError } from "../../src/model/validate.ts";
import { isRedisUnavailable } from "../../src/redis/unavailable.ts";
import { holdsBodyBack } from "./expect-continue.ts";
import { problemTypesOf } from "./problem-types.ts";
import { problemHeaders } from "./raw-problem.ts";

/** Every refusal we answer: HTTP status and title by stable code. `docs/errors.md` and the OpenAPI document list the same table. */
export const problems = {
  "malformed-json": [400, "The body is not valid JSON"],
  "malformed-request": [400, "The request is not valid HTTP"],
  "bad-parameter": [400, "A query parameter can't be used"],
  unauthenticated: [401, "A valid key or token is missing"],
  forbidden: [403, "Not allowed with this key or token"],
  "not-found": [404, "No such thing here"],
  "method-not-allowed": [405, "This path does not take that method"],
  "not-acceptable": [406, "None of the accepted types can be given"],
  "request-timeout": [408, "The request took too long"],
  "too-late": [409, "It can't be cancelled any more"],
  "hook-disabled": [409, "The hook is switched off"],
  "content-gone": [409, "Its attachments are not kept any more"],
  "payload-too-large": [413, "The body is too large"],
  "unsupported-media-type": [415, "The body must be JSON in UTF-8"],
  "validation-failed": [422, "The input is not valid"],
  "rid-reused": [422, "The rid was used for something else"],
  "platform-unknown": [422, "No such platform"],
  "verb-not-supported": [422, "The platform has no such verb"],
  "account-unknown": [422, "No account is stored for this actor"],
  "recipient-not-reachable": [422, "The network does not let us reach this recipient"],
  "upgrade-required": [426, "This path is a WebSocket"],
  "rate-limited": [429, "Too much at once"],
  "quota-exceeded": [429, "Too many unfinished activities"],
  "headers-too-large": [431, "The request's head is too large"],
  "internal-error": [500, "Something broke on our side"],
  overloaded: [503, "The gateway can't take more right now"],
  "not-configured": [503, "The operator has not set this up"],
  "shutting-down": [503, "The gateway is restarting"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof problems;

export interface ProblemOptions {
  readonly errors?: readonly ValidationError[];
  /** Seconds; becomes `Retry-After` and the document's `retryAfter`. */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly rid?: string | number;
}

/** A refusal with its HTTP status. `detail` says what to do and never repeats a secret or the input. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly options: ProblemOptions;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.name = "Problem";
    this.code = code;
    this.status = problems[code][0];
    this.options = options;
  }

  /** Returns the problem with this rid, unless it names one already. */
  withRid(rid: string | number | undefined): Problem {
    if (rid === undefined || this.options.rid !== undefined) return this;
    return new Problem(this.code, this.message, { ...this.options, rid });
  }

  /** Returns the RFC 9457 document; `types` is the address before the code, see `problemTypesOf`. */
  document(types: string): Record<string, unknown> {
    const { rid, retryAfter, errors } = this.options;
    return {
      type: `${types}${this.code}`,
      title: problems[this.code][1],
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(rid === undefined ? {} : { rid }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(errors === undefined ? {} : { errors }),
    };
  }
}

/** Redis can't be reached or is full. A retry helps, and with the same rid it is safe. */
function storeAway(): Problem {
  return new Problem("overloaded", "The store is not reachable at the moment; try again with the same rid.", {
    retryAfter: 2,
  });
}

/** Returns the problem of anything thrown; an unforeseen error becomes `internal-error` without its text. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof Refusal) return fromRefusal(thrown);
  if (isRedisUnavailable(thrown)) return storeAway();
  return new Problem("internal-error", "Try again with the same rid; if the error persists, tell the operator.");
}

function fromRefusal({ code, message, errors, rid, retryAfter }: Refusal): Problem {
  return new Problem(code, message, {
    ...(errors === undefined ? {} : { errors }),
    ...(rid === undefined ? {} : { rid }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    // The next try of the same client is to reach another process.
    ...(code === "shutting-down" ? { headers: { Connection: "close" } } : {}),
  });
}

/**
 * Answers with a problem document. Safe to call when part of an answer is out already (then it only ends it). The response
 * emits `problem` with the code.
 */
export function sendProblem(res: ServerResponse, problem: Problem): void {
  if (res.headersSent) {
    res.end();
    return;
  }
  res.emit("problem", problem.code);
  const body = Buffer.from(JSON.stringify(problem.document(problemTypesOf(res.req.socket))));
  res.writeHead(problem.status, {
    "Content-Length": body.length,
    ...problemHeaders(problem),
    ...(holdsBodyBack(res.req) ? { Connection: "close" } : {}),
  });
  res.end(res.req.method === "HEAD" ? undefined : body);
}
