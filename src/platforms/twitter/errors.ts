import { type ErrorRow, Failure } from "../../model/failure.ts";

const LOGIN: ErrorRow = ["auth", "credentials-invalid", "X refuses the login: connect or store the account again."];
const RESTRICTED: ErrorRow = [
  "auth",
  "account-restricted",
  "X has suspended or locked the account: sign in at x.com and follow what it asks.",
];
const CAPPED: ErrorRow = [
  "permanent",
  "usage-capped",
  "The app's credits or its spending cap at X are used up: raise them in X's developer console.",
];
const LIMIT: ErrorRow = ["rate-limited", "platform-rate-limited", "X limits how often the account may do this."];
const DUPLICATE: ErrorRow = ["permanent", "duplicate-content", "The account has said just this before."];
const UNSUMMONED: ErrorRow = [
  "permanent",
  "policy-refused",
  "X lets an app answer a post only where its author mentioned or quoted the account.",
];
const TIER: ErrorRow = [
  "permanent",
  "policy-refused",
  "X allows this to apps of a higher tier only: likes, follows and quotes need an enterprise contract.",
];
const CLOSED: ErrorRow = ["permanent", "recipient-not-reachable", "X does not let the account write to this person."];
const DENIED: ErrorRow = [
  "permanent",
  "permission-denied",
  "X does not permit the app or the account to do this: check the app's permissions and scopes, then connect again.",
];
const NOBODY: ErrorRow = ["permanent", "recipient-unknown", "There is no such post, person or conversation at X."];
const GONE: ErrorRow = [
  "permanent",
  "recipient-not-reachable",
  "The account or post is suspended, hidden or protected.",
];
const LARGE: ErrorRow = ["permanent", "content-too-large", "The text or the medium is larger than X takes."];
const CONTENT: ErrorRow = ["permanent", "content-refused", "X refuses what the message contains."];
const REFUSED: ErrorRow = ["permanent", "platform-rejected", "X refuses the request as it is."];
const AWAY: ErrorRow = ["retryable", "platform-unavailable", "X can't answer now."];
const ODD: ErrorRow = ["retryable", "platform-protocol-error", "X's answer makes no sense."];
const STOPPED: ErrorRow = ["retryable", "platform-timeout", "X did not answer in time."];
const BROKEN: ErrorRow = ["retryable", "internal-error", "Something broke on our side while speaking to X."];

/** One answer of X that is not what was asked for. */
export interface ErrorResponse {
  /** Method and path with placeholders, e.g. `POST tweets`. */
  readonly endpoint: string;
  readonly status: number;
  /** The parsed body, whatever it is. */
  readonly body: unknown;
}

/** How X words a problem (RFC 9457) or, in older corners, an error with a number. */
interface Problem {
  /** The last part of the type's address, e.g. `client-forbidden`. */
  readonly type: string;
  readonly code: number;
  readonly words: string;
}

/**
 * Says what X's answer means. X's own words are read but never shown: they may repeat what was sent. `platformCode` is the
 * status with the problem's type or number.
 */
export function failureFor({ endpoint, status, body }: ErrorResponse): Failure {
  const problem = problemOf(body);
  const [kind, code, detail] = meaning(endpoint, status, problem);
  const name = problem.type || (problem.code > 0 ? `code ${problem.code}` : "");
  // 503 says that X did nothing; after another fault of X nobody knows. A 2xx that is none of X's answers is no better.
  const mayHaveLanded = kind === "retryable" && status !== 503 && !endpoint.startsWith("GET ");
  return new Failure({ kind, code, detail, mayHaveLanded, platformCode: `HTTP ${status} ${name}`.trim() });
}

/** The failure for an answer that can't be read. After a write nobody knows what it meant. */
export function unreadableAnswer(endpoint: string, status: number): Failure {
  if (status >= 300) return failureFor({ endpoint, status, body: undefined });
  const [kind, code, detail] = ODD;
  return new Failure({
    kind,
    code,
    detail,
    mayHaveLanded: !endpoint.startsWith("GET "),
    platformCode: `HTTP ${status}`,
  });
}

function meaning(endpoint: string, status: number, problem: Problem): ErrorRow {
  const ofAccount = accountMeaning(status, problem);
  if (ofAccount) return ofAccount;
  if (status === 429) return LIMIT;
  if (status >= 500) return AWAY;
  const ofContent = contentMeaning(status, problem);
  if (ofContent) return ofContent;
  if (status === 403 || isForbidden(problem.type)) return forbidden(endpoint, problem);
  return status === 404 || status === 410 || problem.type === "resource-not-found" ? NOBODY : REFUSED;
}

function accountMeaning(status: number, { type, code, words }: Problem): ErrorRow | undefined {
  if (status === 402 || type === "usage-capped" || /\b(credits? (are )?deplet|spend cap)/i.test(words)) return CAPPED;
  const locked = /\byour account\b.*\b(suspend|lock)|temporarily locked/i.test(words) || code === 64 || code === 326;
  if (locked) return RESTRICTED;
  return status === 401 ? LOGIN : undefined;
}

function contentMeaning(status: number, { code, words }: Problem): ErrorRow | undefined {
  const large = /too (long|large)|exceed\w* .*(length|size|characters)/i.test(words) || code === 186;
  if (status === 413 || large) return LARGE;
  if (/duplicate|already (said|sent)/i.test(words) || code === 187 || code === 151) return DUPLICATE;
  return status === 415 || (status === 400 && /\bmedia\b/i.test(words)) ? CONTENT : undefined;
}

function isForbidden(type: string): boolean {
  return /^(not-authorized-for-|disallowed-resource|resource-unavailable|client-forbidden|field-unauthorized)/.test(
    type,
  );
}

function forbidden(endpoint: string, { type, code, words }: Problem): ErrorRow {
  if (/has been suspended|protected|not authorized to view|blocked/i.test(words)) return GONE;
  if (/\brepl(y|ies)\b|mentioned|engaged/i.test(words)) return UNSUMMONED;
  if (/ dm_conversations/.test(endpoint) && (/participant|recipient|direct message/i.test(words) || code === 349)) {
    return CLOSED;
  }
  if (/(likes|following)/.test(endpoint) || /\bquot/i.test(words) || type === "client-not-enrolled") return TIER;
  if (/disallowed-resource|spam|automated|malicious/i.test(`${type} ${words}`)) return CONTENT;
  return DENIED;
}

function problemOf(body: unknown): Problem {
  const top = bag(body);
  const list = Array.isArray(top.errors) ? top.errors : [];
  const all = [top, ...list.slice(0, 10).map(bag)];
  const first = (name: string) => all.map((one) => one[name]).find((value) => value !== undefined);
  const types = all.map(({ type }) => /\/problems\/([a-z-]{1,60})$/.exec(String(type ?? ""))?.[1] ?? "");
  const reason = /^[a-z-]{1,60}$/.test(String(top.reason ?? "")) ? String(top.reason) : "";
  const code = first("code");
  return {
    type: reason || (types.find((type) => type !== "") ?? ""),
    code: typeof code === "number" && Number.isInteger(code) && code > 0 && code < 100_000 ? code : 0,
    words: all
      .flatMap(({ title, detail, message }) => [title, detail, message])
      .filter((text) => typeof text === "string")
      .join(" ")
      .slice(0, 4_000),
  };
}

function bag(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** What is thrown while speaking to X: failures of the guard and of `refusal`, aborts, and nothing else that is expected. */
export function classifyError(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const stopped = thrown instanceof Error && /^(Abort|Timeout)Error$/.test(thrown.name);
  const [kind, code, detail] = stopped ? STOPPED : BROKEN;
  return new Failure({ kind, code, detail, cause: thrown });
}
