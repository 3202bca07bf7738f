import type { ErrorRow, Failure } from "../../../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../../../platform/kit/error-table.ts";

const NO_FOLDER = {
  as: "recipient-unknown",
  detail: "The mailbox has no such folder: query lists the folders.",
} as const;
const NEEDS_TLS = {
  as: "credentials-invalid",
  detail: "The mailbox's server takes this login over TLS only: store the account again with `tls`.",
} as const;
const LATER = { as: "unavailable", detail: "The mailbox's server asks to retry later." } as const;
/** Refusal that says nothing about the login. The core makes it final once it has stayed the same. */
const UNPROVEN: ErrorEntry = [
  "auth",
  "platform-rejected",
  "The mailbox's server refuses the login, and does not say that the login is wrong.",
];
/** Texts by which a server takes back a final code. */
const PASSING = /temporar|try again|too many|\blater\b|unavailable|internal error/i;
const REFUSED = { as: "rejected", detail: "The mailbox's server refuses the request." } as const;

const table = errorTable({
  network: "The mailbox's server",
  details: {
    "credentials-expired": "The login at the mailbox's server has ended: store the account again.",
    tls: "The mailbox's server offers no encryption that can be trusted (STARTTLS missing, or its certificate does not fit).",
    "rate-limited": "The mailbox's server limits how much it does for an account.",
    permission: "The mailbox's server does not allow that in this folder.",
    "recipient-unreachable": "The mailbox is full.",
    "protocol-error": "The mailbox's server's answer makes no sense, or is too large.",
  },
  codes: {
    // Codes of imapflow.
    NoConnection: "unreachable",
    EConnectionClosed: "unreachable",
    StateLogout: "unreachable",
    ClosedAfterConnectText: "unreachable",
    ClosedAfterConnectTLS: "unreachable",
    PollFailed: "unreachable",
    CONNECT_TIMEOUT: "timeout",
    GREETING_TIMEOUT: "timeout",
    UPGRADE_TIMEOUT: "timeout",
    ETIMEOUT: "timeout",
    LockTimeout: "timeout",
    ETHROTTLE: "rate-limited",
    UnexpectedTag: "protocol-error",
    MissingTag: "protocol-error",
    InvalidResponse: "protocol-error",
    ResponseProcessingFailed: "protocol-error",
    COMPRESS_TRAILING_DATA: "protocol-error",
    MAX_IMAP_NESTING_REACHED: "protocol-error",
    LineTooLarge: "protocol-error",
    LiteralTooLarge: "protocol-error",
    ResponseTooLarge: "protocol-error",
    TooManyTokens: "protocol-error",
    TooManyResponses: "protocol-error",
    DownloadOverflow: "protocol-error",
    DownloadIncomplete: "protocol-error",
    STARTTLS_INJECTION: "tls",
    NoMailboxSelected: NO_FOLDER,
    NotFound: NO_FOLDER,
    InvalidStringValue: REFUSED,
    InvalidTokenValue: REFUSED,
    InvalidTextValue: REFUSED,
    InvalidSequenceSet: REFUSED,
    InvalidSearchQuery: REFUSED,
    MissingServerExtension: REFUSED,
  },
});

/** Response codes of refusals (RFC 3501, 5530 and 9051). Those about the login are final by RFC 5530 section 3. */
const responses = errorTable({
  network: "The mailbox's server",
  codes: {
    AUTHENTICATIONFAILED: "credentials-invalid",
    AUTHORIZATIONFAILED: "credentials-invalid",
    EXPIRED: table.row("credentials-expired"),
    PRIVACYREQUIRED: NEEDS_TLS,
    UNAVAILABLE: LATER,
    INUSE: LATER,
    SERVERBUG: LATER,
    CONTACTADMIN: UNPROVEN,
    LIMIT: table.row("rate-limited"),
    NONEXISTENT: NO_FOLDER,
    TRYCREATE: NO_FOLDER,
    NOPERM: table.row("permission"),
    CANNOT: table.row("permission"),
    OVERQUOTA: table.row("recipient-unreachable"),
  },
});

const MAX_WAIT_MS = 3_600_000;

/** Classifies imapflow's errors; undefined for all others. Of texts only `safeText` is shown, see `causeOf`. */
export function classifyImapError(thrown: unknown): Failure | undefined {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  const error: Readonly<Record<string, unknown>> = thrown as Readonly<Record<string, unknown>>;
  const code = safeToken(error.code);
  const response = safeToken(error.serverResponseCode ?? codeIn(error.response)).toUpperCase();
  const status = safeToken(error.responseStatus);
  const row = rowOf(error, code, response, status);
  if (!row) return undefined;
  const text = status === "" ? "" : withoutCode(textOf(error));
  const platformCode = [status, response || (status === "" ? code : ""), text].filter((part) => part !== "").join(" ");
  const resetMs =
    row[0] === "rate-limited" && typeof error.throttleReset === "number" ? error.throttleReset : undefined;
  const retryAfterMs = resetMs === undefined ? undefined : Math.min(Math.max(resetMs, 0), MAX_WAIT_MS);
  return table.failure(row, { platformCode, retryAfterMs, cause: thrown });
}

function rowOf(
  error: Readonly<Record<string, unknown>>,
  code: string,
  response: string,
  status: string,
): ErrorRow | undefined {
  if (code === "ETHROTTLE") return table.row("rate-limited");
  const refused = responses.lookup(response);
  if (refused?.[0] === "auth" && PASSING.test(textOf(error))) return table.row(UNPROVEN);
  if (error.authenticationFailed === true)
    return refused && refused[1] !== "recipient-unknown" ? refused : table.row(UNPROVEN);
  if (error.tlsFailed === true) return table.row("tls");
  if (error.mailboxMissing === true) return table.row(NO_FOLDER);
  if (status === "NO" || status === "BAD") return refused ?? table.row(REFUSED);
  if (code.startsWith("ParserError")) return table.row("protocol-error");
  return table.lookup(code);
}

/** Returns the response code of an answer as imapflow parsed it: `NO [CODE] …`. */
function codeIn(response: unknown): unknown {
  const { attributes } = Object(response) as { readonly attributes?: ReadonlyArray<Readonly<Record<string, unknown>>> };
  const section = Array.isArray(attributes) ? Object(attributes[0]).section : undefined;
  return Array.isArray(section) ? Object(section[0]).value : undefined;
}

/** Removes status and code from a server's line, which stand before the text already. */
function withoutCode(text: string): string {
  return text.replace(/^(NO|BAD)\b\s*/i, "").replace(/^\[[^\]]{0,200}\]\s*/, "");
}

function textOf({ safeText }: Readonly<Record<string, unknown>>): string {
  return typeof safeText === "string" ? safeText : "";
}

function safeToken(value: unknown): string {
  return typeof value === "string" && /^[\w-]{1,64}$/.test(value) ? value : "";
}
