import type { Failure } from "../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../platform/kit/error-table.ts";
import { retryAfter } from "../../platform/kit/retry-after.ts";

const FORBIDDEN: ErrorEntry = { as: "permission", detail: "The feed is not public." };
const errors = errorTable({
  network: "The server",
  details: { internal: "The gateway failed while reading the feed.", rejected: "The server refuses to give the feed." },
  codes: {
    401: FORBIDDEN,
    403: FORBIDDEN,
    404: { as: "recipient-unknown", detail: "There is no feed at this address." },
    410: { as: "recipient-unknown", detail: "The feed was removed permanently (410): unsubscribe from it." },
    429: "rate-limited",
  },
});

/** Builds the failure of an answer that is no success. */
export function statusFailure(status: number, retryAfterHeader: string | undefined): Failure {
  const row = errors.lookup(status) ?? errors.row(status >= 500 ? "unavailable" : "rejected");
  const [kind] = row;
  return errors.failure(row, {
    platformCode: `HTTP ${status}`,
    retryAfterMs: kind === "permanent" ? undefined : retryAfter(retryAfterHeader),
  });
}

/** Builds the failure of a document that is no feed and names none. Permanent: reading it again changes nothing. */
export function noFeed(): Failure {
  const detail = "The document at this address is neither a readable feed nor a page that names one.";
  return errors.failure(["permanent", "platform-protocol-error", detail]);
}

/** Builds the failure of redirects that are too many or lead nowhere. */
export function badRedirect(status: number): Failure {
  const detail = "The address redirects too often, or to an unusable address.";
  return errors.failure({ as: "rejected", detail }, { platformCode: `HTTP ${status}` });
}

/** Builds the failure of a document that is no OPML. */
export function noOpml(): Failure {
  return errors.failure({ as: "content", detail: "The document is no readable OPML." });
}

/** Builds the failure of an actor at its limit of subscriptions. */
export function tooManyFeeds(max: number): Failure {
  const detail = `An actor may subscribe to ${max} feeds: unsubscribe from some, or use another actor.`;
  return errors.failure({ as: "policy", detail });
}

/** Builds the failure of a document beyond the reader's limits. */
export function limitExceeded(cause: unknown): Failure {
  const detail = "Reading the feed takes more time or memory than allowed.";
  return errors.failure(["permanent", "platform-protocol-error", detail], { cause });
}

/** Builds the failure of a reader thread that did not start. */
export function threadFailure(cause: unknown): Failure {
  const detail = "The thread that reads feeds could not be started; tell the operator.";
  return errors.failure({ as: "internal", detail }, { cause });
}

/** Classifies a thrown value. Expected are the egress guard's failures and aborts. */
export const classifyError = errors.classify;
