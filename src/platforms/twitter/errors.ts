import type { Failure } from "../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../platform/kit/error-table.ts";
import { type Problem, problemIn } from "./client/problem.ts";

const POLICY_TIER =
  "X allows this to apps of a higher tier only: likes, follows and quotes need an enterprise contract.";
const POLICY_REPLY = "X lets an app answer a post only where its author mentioned or quoted the account.";
const HIDDEN = "The account or post is suspended, hidden or protected.";

const table = errorTable({
  network: "X",
  details: {
    "credentials-invalid": "X refuses the login: connect or store the account again.",
    restricted: "X has suspended or locked the account: sign in at x.com and follow the instructions.",
    "rate-limited": "X limits how often the account may do this.",
    duplicate: "The account has posted the same text before.",
    "recipient-unreachable": "X does not let the account write to this person.",
    permission:
      "X does not permit the app or the account to do this: check the app's permissions and scopes, then connect again.",
    "recipient-unknown": "X knows no such post, person or conversation.",
    "content-too-large": "The text or the attachment is larger than X accepts.",
    internal: "The gateway failed while it spoke to X.",
  },
  codes: {
    "usage-capped": [
      "permanent",
      "usage-capped",
      "The app's credits or its spending cap at X are used up: raise them in X's developer console.",
    ],
  },
});

/** Answer of X other than the expected one. */
export interface ErrorResponse {
  /** Method and path with placeholders, e.g. `POST tweets`. */
  readonly endpoint: string;
  readonly status: number;
  /** The parsed body, of any form. */
  readonly body: unknown;
}

/**
 * Returns the failure that X's answer means. X's own sentences are read but never shown, since they may repeat what was
 * sent. `platformCode` is the status with the problem's type or number. A 4xx without X's own JSON is a proxy's, and transient.
 */
export function failureFor({ endpoint, status, body }: ErrorResponse): Failure {
  const problem = problemIn(body);
  const entry = isForeign(status, body) ? FOREIGN : entryOf(endpoint, status, problem);
  const name = problem.type || (problem.code > 0 ? `code ${problem.code}` : "");
  // 503 says that X did nothing; after other server errors, and an unexpected 2xx, the outcome is unknown.
  const isRetryable = table.row(entry)[0] === "retryable";
  const mayHaveLanded =
    isRetryable && (status < 300 || status >= 500) && status !== 503 && !endpoint.startsWith("GET ");
  return table.failure(entry, { mayHaveLanded, platformCode: `HTTP ${status} ${name}`.trim() });
}

const FOREIGN: ErrorEntry = { as: "unavailable", detail: "Something between the gateway and X answered in its place." };

/** Tells whether a 4xx is not X's own. X describes each error in JSON; a 429 needs no words. */
function isForeign(status: number, body: unknown): boolean {
  if (status < 400 || status === 429 || status >= 500) return false;
  const members = typeof body === "object" && body !== null ? Object.keys(body) : [];
  return !members.some((name) => /^(title|detail|errors?|type|reason|message)$/.test(name));
}

/** Returns the failure for an answer that can't be read. After a write the outcome is unknown. */
export function unreadableAnswer(endpoint: string, status: number): Failure {
  if (status >= 300) return failureFor({ endpoint, status, body: undefined });
  return table.failure("protocol-error", {
    mayHaveLanded: !endpoint.startsWith("GET "),
    platformCode: `HTTP ${status}`,
  });
}

function entryOf(endpoint: string, status: number, problem: Problem): ErrorEntry {
  const accountEntry = accountError(status, problem);
  if (accountEntry) return accountEntry;
  if (status === 429) return "rate-limited";
  if (status >= 500) return "unavailable";
  const contentEntry = contentError(status, problem);
  if (contentEntry) return contentEntry;
  if (status === 403 || isForbidden(problem.type)) return forbidden(endpoint, problem);
  return status === 404 || status === 410 || problem.type === "resource-not-found" ? "recipient-unknown" : "rejected";
}

function accountError(status: number, { type, code, text }: Problem): ErrorEntry | undefined {
  if (status === 402 || type === "usage-capped" || /\b(credits? (are )?deplet|spend cap)/i.test(text))
    return table.lookup("usage-capped");
  const isLocked =
    /\byour account\b.{0,80}\b(suspend|lock)|temporarily locked/i.test(text) || code === 64 || code === 326;
  if (isLocked) return "restricted";
  return status === 401 ? "credentials-invalid" : undefined;
}

function contentError(status: number, { code, text }: Problem): ErrorEntry | undefined {
  const isTooLarge = /too (long|large)|exceed\w{0,5} .{0,80}(length|size|characters)/i.test(text) || code === 186;
  if (status === 413 || isTooLarge) return "content-too-large";
  if (/duplicate|already (said|sent)/i.test(text) || code === 187 || code === 151) return "duplicate";
  return status === 415 || (status === 400 && /\bmedia\b/i.test(text)) ? "content" : undefined;
}

function isForbidden(type: string): boolean {
  return /^(not-authorized-for-|disallowed-resource|resource-unavailable|client-forbidden|field-unauthorized)/.test(
    type,
  );
}

function forbidden(endpoint: string, { type, code, text }: Problem): ErrorEntry {
  if (/has been suspended|protected|not authorized to view|blocked/i.test(text))
    return { as: "recipient-unreachable", detail: HIDDEN };
  if (/\brepl(y|ies)\b|mentioned|engaged/i.test(text)) return { as: "policy", detail: POLICY_REPLY };
  if (/ dm_conversations/.test(endpoint) && (/participant|recipient|direct message/i.test(text) || code === 349)) {
    return "recipient-unreachable";
  }
  if (/(likes|following)/.test(endpoint) || /\bquot/i.test(text) || type === "client-not-enrolled")
    return { as: "policy", detail: POLICY_TIER };
  if (/disallowed-resource|spam|automated|malicious/i.test(`${type} ${text}`)) return "content";
  return "permission";
}

/** Classifies what is thrown while speaking to X. */
export const classifyError = (thrown: unknown): Failure => table.classify(thrown);
