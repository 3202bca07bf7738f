import type { Failure } from "../../model/failure.ts";
import { type ErrorEntry, errorTable, failureWith } from "../../platform/kit/error-table.ts";
import { retryAfter } from "../../platform/kit/retry-after.ts";

const UNKNOWN: ErrorEntry = { as: "recipient-unknown", detail: "The receiver does not accept posts at this address." };
const FORBIDDEN: ErrorEntry = { as: "permission", detail: "The receiver does not accept posts from this gateway." };
const errors = errorTable({
  network: "The receiver",
  details: { internal: "The gateway failed while posting." },
  codes: {
    401: FORBIDDEN,
    403: FORBIDDEN,
    404: UNKNOWN,
    408: "unavailable",
    410: UNKNOWN,
    413: "content-too-large",
    425: "unavailable",
    429: "rate-limited",
  },
});
const REDIRECT: ErrorEntry = { as: "rejected", detail: "The receiver redirects; give the final address." };

/** Builds the failure of an answer other than 2xx; 429 and 503 keep `retryAfterHeader`. */
export function statusFailure(status: number, retryAfterHeader: string | undefined): Failure {
  const hasWait = status === 429 || status === 503;
  return errors.failure(errors.lookup(status) ?? otherStatus(status), {
    platformCode: `HTTP ${status}`,
    retryAfterMs: hasWait ? retryAfter(retryAfterHeader) : undefined,
  });
}

function otherStatus(status: number): ErrorEntry {
  if (status >= 500) return "unavailable";
  return status < 400 ? REDIRECT : "rejected";
}

/** Classifies a thrown value. Expected are the egress guard's failures and aborts. */
export const classifyError = errors.classify;

/**
 * Returns the same failure as surely not carried out. A post that may have landed may be repeated: it carries the same
 * `webhook-id`, by which receivers drop duplicates (Standard Webhooks).
 */
export function withoutDoubt(failure: Failure): Failure {
  return failure.mayHaveLanded ? failureWith(failure, { mayHaveLanded: false, cause: failure }) : failure;
}
