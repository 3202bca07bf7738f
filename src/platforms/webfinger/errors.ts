import type { Failure } from "../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../platform/kit/error-table.ts";
import { retryAfter } from "../../platform/kit/retry-after.ts";

const UNKNOWN: ErrorEntry = { as: "recipient-unknown", detail: "The server knows nobody by this address." };
const FORBIDDEN: ErrorEntry = { as: "permission", detail: "The server answers such queries to its own users only." };
const errors = errorTable({
  network: "The server",
  details: { internal: "The gateway failed while searching.", rejected: "The server refuses the query." },
  codes: { 401: FORBIDDEN, 403: FORBIDDEN, 404: UNKNOWN, 410: UNKNOWN, 429: "rate-limited" },
});

/** Builds the failure of an answer that is not 200. */
export function statusFailure(status: number, retryAfterHeader: string | undefined): Failure {
  const row = errors.lookup(status) ?? errors.row(status >= 500 ? "unavailable" : "rejected");
  const [kind] = row;
  return errors.failure(row, {
    platformCode: `HTTP ${status}`,
    retryAfterMs: kind === "permanent" ? undefined : retryAfter(retryAfterHeader),
  });
}

/** Builds the failure of an address without a host. */
export function noAddress(): Failure {
  return errors.failure({ as: "recipient-unknown", detail: "The address is invalid." });
}

/** Builds the failure of redirects that are too many or leave https. */
export function badRedirect(status: number): Failure {
  const detail = "The server redirects too often, or to an address without https.";
  return errors.failure({ as: "rejected", detail }, { platformCode: `HTTP ${status}` });
}

/** Builds the failure of an answer that is no JRD. Permanent: the same server gives the same answer. */
export function noJrd(): Failure {
  const detail = "The server's answer is not a JSON Resource Descriptor (RFC 7033).";
  return errors.failure(["permanent", "platform-protocol-error", detail]);
}

/** Classifies a thrown value. Expected are the egress guard's failures and aborts. */
export const classifyError = errors.classify;
