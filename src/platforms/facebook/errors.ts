import type { Failure } from "../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../platform/kit/error-table.ts";

const OUTSIDE_WINDOW: ErrorEntry = [
  "permanent",
  "outside-window",
  "More than 24 hours have passed since this person last wrote to the Page; the Page may answer again when they write.",
];

/** Meanings of the Graph API's errors, by code and subcode or by code alone. */
const table = errorTable({
  network: "Facebook",
  details: {
    "rate-limited": "Facebook limits how often the Page may do this.",
    restricted:
      "Facebook has restricted the Page or the app: see the Page's support inbox and the app's alerts at Facebook.",
    "credentials-invalid": "Facebook refuses the Page's token: store a new one.",
    "credentials-expired": "The Page's token has expired: store a long-lived one.",
    permission:
      "The token lacks a permission, or the app lacks the feature: docs/platforms/facebook.md lists what each verb needs.",
    duplicate: "The Page has posted the same text before.",
    "recipient-unknown": "Facebook knows no such person, post or comment for this Page.",
    "recipient-unreachable": "This person can't be written to right now, or has blocked the Page.",
    content: "Facebook could not fetch the attachment, or refuses its kind or size.",
    internal: "The gateway failed while it spoke to Facebook.",
  },
  codes: {
    1: "unavailable",
    2: "unavailable",
    1200: "unavailable",
    4: "rate-limited",
    17: "rate-limited",
    32: "rate-limited",
    341: "rate-limited",
    613: "rate-limited",
    80001: "rate-limited",
    80006: "rate-limited",
    "10/2018278": OUTSIDE_WINDOW,
    "10/2018065": OUTSIDE_WINDOW,
    "10/1893063": "restricted",
    368: "restricted",
    3: "permission",
    10: "permission",
    "100/33": "recipient-unknown",
    "100/2018001": "recipient-unknown",
    "100/2018008": "content",
    "100/2018047": "content",
    100: "rejected",
    190: "credentials-invalid",
    "190/463": "credentials-expired",
    102: "credentials-invalid",
    506: "duplicate",
    551: "recipient-unreachable",
    803: "recipient-unknown",
  },
});

/** Answer of the Graph API other than the expected one. */
export interface ErrorResponse {
  readonly status: number;
  /** The parsed body, of any form. */
  readonly body: unknown;
  /** Whether the request may have changed something. */
  readonly changes: boolean;
}

/**
 * Returns the failure that an answer means. Facebook's own sentences are never shown, since they may repeat what was sent;
 * `platformCode` is its code, subcode and `fbtrace_id`, which Facebook's support asks for.
 */
export function failureFor({ status, body, changes }: ErrorResponse): Failure {
  const error = errorIn(body);
  const { code, subcode, trace } = error;
  const platformCode =
    code === undefined ? `HTTP ${status}` : `code ${code}${subcode === undefined ? "" : `/${subcode}`}`;
  return table.failure(entryOf(status, error), {
    // An error of the Graph API itself says that nothing was done; a bare 5xx says nothing.
    mayHaveLanded: changes && code === undefined && (status >= 500 || status < 300),
    platformCode: trace === undefined ? platformCode : `${platformCode} trace ${trace}`,
  });
}

interface GraphError {
  readonly code: number | undefined;
  readonly subcode: number | undefined;
  readonly isTransient: boolean;
  readonly trace: string | undefined;
}

function entryOf(status: number, { code, subcode, isTransient }: GraphError): ErrorEntry {
  if (code === undefined) {
    if (status < 300) return "protocol-error";
    if (status === 429) return "rate-limited";
    // The Graph API describes each error in JSON: another 4xx is a proxy's.
    return status >= 400 ? "unavailable" : "rejected";
  }
  const exact = table.lookup(`${code}/${subcode}`);
  if (exact) return exact;
  const byCode = table.lookup(code);
  if (byCode && byCode[1] !== "platform-rejected") return byCode;
  if (isTransient) return "unavailable";
  if (byCode) return byCode;
  if (code >= 200 && code <= 299) return "permission";
  return status >= 500 ? "unavailable" : "rejected";
}

function errorIn(body: unknown): GraphError {
  const error = recordOf(recordOf(body).error);
  const integerOf = (value: unknown) =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  const trace = error.fbtrace_id;
  return {
    code: integerOf(error.code),
    subcode: integerOf(error.error_subcode),
    isTransient: error.is_transient === true,
    trace: typeof trace === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(trace) ? trace : undefined,
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** Classifies what is thrown while speaking to Facebook. */
export const classifyError = (thrown: unknown): Failure => table.classify(thrown);
