import { type ErrorRow, Failure } from "../../../../model/failure.ts";

const LOGIN: ErrorRow = [
  "auth",
  "credentials-invalid",
  "The mailbox's server refuses the login: store the account again.",
];
const EXPIRED: ErrorRow = [
  "auth",
  "credentials-expired",
  "The login at the mailbox's server has ended: store the account again.",
];
const TLS: ErrorRow = [
  "permanent",
  "tls-failed",
  "The mailbox's server offers no encryption that can be trusted (STARTTLS missing, or its certificate does not fit).",
];
const SLOW: ErrorRow = ["retryable", "platform-timeout", "The mailbox's server did not answer in time."];
const AWAY: ErrorRow = [
  "retryable",
  "platform-unavailable",
  "The mailbox's server can't be reached or broke the connection.",
];
const LATER: ErrorRow = ["retryable", "platform-unavailable", "The mailbox's server asks to come back later."];
const LIMIT: ErrorRow = [
  "rate-limited",
  "platform-rate-limited",
  "The mailbox's server limits how much it does for an account.",
];
const ODD: ErrorRow = [
  "retryable",
  "platform-protocol-error",
  "The mailbox's server's answer makes no sense, or is too large.",
];
const NO_FOLDER: ErrorRow = [
  "permanent",
  "recipient-unknown",
  "The mailbox has no such folder: query lists those it has.",
];
const FORBIDDEN: ErrorRow = [
  "permanent",
  "permission-denied",
  "The mailbox's server does not allow that in this folder.",
];
const FULL: ErrorRow = ["permanent", "recipient-not-reachable", "The mailbox is full."];
const REFUSED: ErrorRow = ["permanent", "platform-rejected", "The mailbox's server refuses it."];

/** Response codes of RFC 3501, 5530 and 9051 that come with a refusal. */
const RESPONSES = new Map<string, ErrorRow>([
  ["AUTHENTICATIONFAILED", LOGIN],
  ["AUTHORIZATIONFAILED", LOGIN],
  ["EXPIRED", EXPIRED],
  ["PRIVACYREQUIRED", TLS],
  ["UNAVAILABLE", LATER],
  ["INUSE", LATER],
  ["SERVERBUG", LATER],
  ["CONTACTADMIN", LOGIN],
  ["LIMIT", LIMIT],
  ["NONEXISTENT", NO_FOLDER],
  ["TRYCREATE", NO_FOLDER],
  ["NOPERM", FORBIDDEN],
  ["CANNOT", FORBIDDEN],
  ["OVERQUOTA", FULL],
]);

const CODES = new Map<string, ErrorRow>([
  ["NoConnection", AWAY],
  ["EConnectionClosed", AWAY],
  ["StateLogout", AWAY],
  ["ClosedAfterConnectText", AWAY],
  ["ClosedAfterConnectTLS", AWAY],
  ["CONNECT_TIMEOUT", SLOW],
  ["GREETING_TIMEOUT", SLOW],
  ["UPGRADE_TIMEOUT", SLOW],
  ["ETIMEOUT", SLOW],
  ["LockTimeout", SLOW],
  ["ETHROTTLE", LIMIT],
  ["UnexpectedTag", ODD],
  ["MissingTag", ODD],
  ["InvalidResponse", ODD],
  ["ResponseProcessingFailed", ODD],
  ["COMPRESS_TRAILING_DATA", ODD],
  ["MAX_IMAP_NESTING_REACHED", ODD],
  ["LineTooLarge", ODD],
  ["LiteralTooLarge", ODD],
  ["ResponseTooLarge", ODD],
  ["TooManyTokens", ODD],
  ["TooManyResponses", ODD],
  ["DownloadOverflow", ODD],
  ["DownloadIncomplete", ODD],
  ["PollFailed", AWAY],
  ["STARTTLS_INJECTION", TLS],
  ["NoMailboxSelected", NO_FOLDER],
  ["NotFound", NO_FOLDER],
  ["InvalidStringValue", REFUSED],
  ["InvalidTokenValue", REFUSED],
  ["InvalidTextValue", REFUSED],
  ["InvalidSequenceSet", REFUSED],
  ["InvalidSearchQuery", REFUSED],
  ["MissingServerExtension", REFUSED],
]);

/** What imapflow's errors mean; undefined for all others. Its words, and the server's, are not shown. */
export function classifyImapError(thrown: unknown): Failure | undefined {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  const error: Readonly<Record<string, unknown>> = thrown as Readonly<Record<string, unknown>>;
  const code = safeToken(error.code);
  const response = safeToken(error.serverResponseCode ?? codeIn(error.response)).toUpperCase();
  const status = safeToken(error.responseStatus);
  const row = rowOf(error, code, response, status);
  if (!row) return undefined;
  const [kind, name, detail] = row;
  const platformCode = [status, response || (status === "" ? code : "")].filter((part) => part !== "").join(" ");
  const resetMs = kind === "rate-limited" && typeof error.throttleReset === "number" ? error.throttleReset : undefined;
  return new Failure({
    kind,
    code: name,
    detail,
    ...(platformCode === "" ? {} : { platformCode }),
    ...(resetMs === undefined ? {} : { retryAfterMs: Math.min(Math.max(resetMs, 0), 3_600_000) }),
    cause: thrown,
  });
}

function rowOf(
  error: Readonly<Record<string, unknown>>,
  code: string,
  response: string,
  status: string,
): ErrorRow | undefined {
  if (code === "ETHROTTLE") return LIMIT;
  if (error.authenticationFailed === true) {
    const known = RESPONSES.get(response);
    return known && known !== NO_FOLDER ? known : LOGIN;
  }
  if (error.tlsFailed === true) return TLS;
  if (error.mailboxMissing === true) return NO_FOLDER;
  if (status === "NO" || status === "BAD") return RESPONSES.get(response) ?? REFUSED;
  if (code.startsWith("ParserError")) return ODD;
  return CODES.get(code);
}

/** The response code where imapflow left the answer as it read it: `NO [CODE] …`. */
function codeIn(response: unknown): unknown {
  const { attributes } = Object(response) as { readonly attributes?: ReadonlyArray<Readonly<Record<string, unknown>>> };
  const section = Array.isArray(attributes) ? Object(attributes[0]).section : undefined;
  return Array.isArray(section) ? Object(section[0]).value : undefined;
}

function safeToken(value: unknown): string {
  return typeof value === "string" && /^[\w-]{1,64}$/.test(value) ? value : "";
}
