import { type ErrorRow, Failure } from "../../model/failure.ts";

const AWAY: ErrorRow = ["retryable", "platform-unavailable", "Facebook can't answer now."];
const LIMIT: ErrorRow = ["rate-limited", "platform-rate-limited", "Facebook limits how often the Page may do this."];
const WINDOW: ErrorRow = [
  "permanent",
  "outside-window",
  "More than 24 hours have passed since this person last wrote to the Page; Facebook lets it answer again when they write.",
];
const RESTRICTED: ErrorRow = [
  "auth",
  "account-restricted",
  "Facebook has restricted what the Page or app may do: see the Page's support inbox and the app's alerts at Facebook.",
];
const LOGIN: ErrorRow = ["auth", "credentials-invalid", "Facebook refuses the Page's token: store a new one."];
const EXPIRED: ErrorRow = ["auth", "credentials-expired", "The Page's token has ended: store a long-lived one."];
const DENIED: ErrorRow = [
  "permanent",
  "permission-denied",
  "The token lacks a permission, or the app lacks the feature: docs/platforms/facebook.md lists what each verb needs.",
];
const DUPLICATE: ErrorRow = ["permanent", "duplicate-content", "The Page has posted just this before."];
const NOBODY: ErrorRow = [
  "permanent",
  "recipient-unknown",
  "Facebook knows no such person, post or comment for this Page.",
];
const CLOSED: ErrorRow = [
  "permanent",
  "recipient-not-reachable",
  "This person can't be written to right now, or has blocked the Page.",
];
const CONTENT: ErrorRow = [
  "permanent",
  "content-refused",
  "Facebook could not fetch the attachment, or refuses its kind or size.",
];
const REFUSED: ErrorRow = ["permanent", "platform-rejected", "Facebook refuses the request as it is."];
const ODD: ErrorRow = ["retryable", "platform-protocol-error", "Facebook's answer makes no sense."];
const STOPPED: ErrorRow = ["retryable", "platform-timeout", "Facebook did not answer in time."];
const BROKEN: ErrorRow = ["retryable", "internal-error", "Something broke on our side while speaking to Facebook."];

/** By code and subcode, then by code alone: what the Graph API's errors mean. */
const MEANINGS: Readonly<Record<string, ErrorRow>> = {
  1: AWAY,
  2: AWAY,
  1200: AWAY,
  4: LIMIT,
  17: LIMIT,
  32: LIMIT,
  341: LIMIT,
  613: LIMIT,
  80001: LIMIT,
  80006: LIMIT,
  "10/2018278": WINDOW,
  "10/2018065": WINDOW,
  "10/1893063": RESTRICTED,
  368: RESTRICTED,
  3: DENIED,
  10: DENIED,
  "100/33": NOBODY,
  "100/2018001": NOBODY,
  "100/2018008": CONTENT,
  "100/2018047": CONTENT,
  100: REFUSED,
  190: LOGIN,
  "190/463": EXPIRED,
  102: LOGIN,
  506: DUPLICATE,
  551: CLOSED,
  803: NOBODY,
};

/** One answer of the Graph API that is not what was asked for. */
export interface ErrorResponse {
  readonly status: number;
  /** The parsed body, whatever it is. */
  readonly body: unknown;
  /** Whether the request may have changed something. */
  readonly changes: boolean;
}

/**
 * Says what an answer means. Facebook's own words are never shown, since they may repeat what was sent; `platformCode` is
 * its code, subcode and `fbtrace_id`, which its support asks for.
 */
export function failureFor({ status, body, changes }: ErrorResponse): Failure {
  const { code, subcode, transient, trace } = errorIn(body);
  const [kind, word, detail] = meaning(status, code, subcode, transient);
  const place = code === undefined ? `HTTP ${status}` : `code ${code}${subcode === undefined ? "" : `/${subcode}`}`;
  return new Failure({
    kind,
    code: word,
    detail,
    // An error in Facebook's own words says that nothing was done; a bare 5xx says nothing.
    mayHaveLanded: changes && code === undefined && (status >= 500 || status < 300),
    platformCode: trace === undefined ? place : `${place} trace ${trace}`,
  });
}

function meaning(status: number, code: number | undefined, subcode: number | undefined, transient: boolean): ErrorRow {
  if (code === undefined) {
    if (status < 300) return ODD;
    if (status === 429) return LIMIT;
    return status >= 500 ? AWAY : REFUSED;
  }
  const exact = MEANINGS[`${code}/${subcode}`];
  if (exact) return exact;
  const plain = MEANINGS[code];
  if (plain && plain !== REFUSED) return plain;
  if (transient) return AWAY;
  if (plain) return plain;
  if (code >= 200 && code <= 299) return DENIED;
  return status >= 500 ? AWAY : REFUSED;
}

function errorIn(body: unknown) {
  const error = bag(bag(body).error);
  const whole = (value: unknown) =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  const trace = error.fbtrace_id;
  return {
    code: whole(error.code),
    subcode: whole(error.error_subcode),
    transient: error.is_transient === true,
    trace: typeof trace === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(trace) ? trace : undefined,
  };
}

function bag(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** What is thrown while speaking to Facebook: failures of the guard and of `refusal`, aborts, nothing else expected. */
export function classifyError(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const stopped = thrown instanceof Error && /^(Abort|Timeout)Error$/.test(thrown.name);
  const [kind, code, detail] = stopped ? STOPPED : BROKEN;
  return new Failure({ kind, code, detail, cause: thrown });
}
