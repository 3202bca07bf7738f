import { type ErrorRow, Failure } from "../../model/failure.ts";

const TLS: ErrorRow = [
  "permanent",
  "tls-failed",
  "The XMPP server offers no encryption that can be trusted (STARTTLS missing, or its certificate does not fit); no password was sent.",
];
const LOGIN: ErrorRow = ["auth", "credentials-invalid", "The XMPP server refuses the login: store the account again."];
const RESTRICTED: ErrorRow = [
  "permanent",
  "account-restricted",
  "The XMPP server does not let this account stay connected.",
];
const SLOW: ErrorRow = ["retryable", "platform-timeout", "The XMPP server did not answer in time."];
const AWAY: ErrorRow = [
  "retryable",
  "platform-unavailable",
  "The XMPP server can't be reached or broke the connection.",
];
const LATER: ErrorRow = ["retryable", "platform-unavailable", "The XMPP server asks to come back later."];
const LIMIT: ErrorRow = ["rate-limited", "platform-rate-limited", "The XMPP server limits how much it takes."];
const ODD: ErrorRow = ["retryable", "platform-protocol-error", "What the XMPP server sends makes no sense."];
const NO_HOST: ErrorRow = ["permanent", "platform-rejected", "The XMPP server does not serve the address's domain."];
const NOBODY: ErrorRow = ["permanent", "recipient-unknown", "The XMPP server knows no such recipient."];
const UNREACHABLE: ErrorRow = ["permanent", "recipient-not-reachable", "The recipient can't be reached."];
const FORBIDDEN: ErrorRow = ["permanent", "permission-denied", "This account has no right to do that."];
const POLICY: ErrorRow = ["permanent", "policy-refused", "The recipient's or the server's rules forbid it."];
const CONTENT: ErrorRow = ["permanent", "content-refused", "The XMPP server refuses what was sent."];
const REFUSED: ErrorRow = ["permanent", "platform-rejected", "The XMPP server refuses it."];
const NOT_IN_ROOM: ErrorRow = ["permanent", "not-in-room", "The account is not in this room: join it first."];
const ROOM_REFUSED: ErrorRow = [
  "permanent",
  "room-refused",
  "The room lets this account not in (password, ban, or members only).",
];
const NICK: ErrorRow = ["permanent", "nick-in-use", "The nickname is taken in this room: join with another."];
const STOPPED: ErrorRow = ["retryable", "platform-timeout", "The work was stopped before it was done."];
const BROKEN: ErrorRow = ["retryable", "internal-error", "Something broke on our side."];

const CERTIFICATE = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$|HOSTNAME_MISMATCH)/;
const NETWORK = new Map<string, ErrorRow>([
  ["ETIMEDOUT", SLOW],
  ["ENOTFOUND", AWAY],
  ["EAI_AGAIN", AWAY],
  ["ABORT_ERR", STOPPED],
]);

/** RFC 6120 section 4.9.3: why a server ends a stream. What is not here passes by itself. */
const STREAM = new Map<string, ErrorRow>([
  ["not-authorized", LOGIN],
  ["conflict", RESTRICTED],
  ["policy-violation", RESTRICTED],
  ["host-unknown", NO_HOST],
  ["host-gone", NO_HOST],
  ["unsupported-version", NO_HOST],
  ["resource-constraint", LIMIT],
  ["bad-format", ODD],
  ["not-well-formed", ODD],
  ["invalid-xml", ODD],
]);

/** RFC 6120 section 6.5: why a login is refused. */
const SASL = new Map<string, ErrorRow>([
  ["account-disabled", RESTRICTED],
  ["temporary-auth-failure", LATER],
  ["encryption-required", TLS],
]);

/** RFC 6120 section 8.3.3: why a stanza is refused. */
const STANZA = new Map<string, ErrorRow>([
  ["service-unavailable", NOBODY],
  ["item-not-found", NOBODY],
  ["jid-malformed", NOBODY],
  ["gone", NOBODY],
  ["redirect", NOBODY],
  ["remote-server-not-found", NOBODY],
  ["recipient-unavailable", UNREACHABLE],
  ["remote-server-timeout", ["retryable", "platform-unavailable", "The recipient's server does not answer."]],
  ["forbidden", FORBIDDEN],
  ["not-authorized", FORBIDDEN],
  ["not-allowed", FORBIDDEN],
  ["registration-required", FORBIDDEN],
  ["subscription-required", FORBIDDEN],
  ["policy-violation", POLICY],
  ["not-acceptable", POLICY],
  ["bad-request", CONTENT],
  ["resource-constraint", LIMIT],
  ["internal-server-error", LATER],
]);

/** XEP-0045 section 7.2: why a room lets nobody in. */
const JOINING = new Map<string, ErrorRow>([
  ["conflict", NICK],
  ["not-authorized", ROOM_REFUSED],
  ["forbidden", ROOM_REFUSED],
  ["registration-required", ROOM_REFUSED],
  ["not-allowed", ROOM_REFUSED],
  ["service-unavailable", ROOM_REFUSED],
]);

/** Says what @xmpp/client's, Node's and our own errors mean. `platformCode` is the server's condition, or Node's code. */
export function classifyError(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const name = wordOf(thrown, "name");
  const condition = wordOf(thrown, "condition");
  const code = wordOf(thrown, "code");
  return failure(meaning(thrown, name, condition, code), condition || code, thrown);
}

function meaning(thrown: unknown, name: string, condition: string, code: string): ErrorRow {
  if (name === "SASLError") return SASL.get(condition) ?? LOGIN;
  if (name === "StreamError") return STREAM.get(condition) ?? AWAY;
  if (name === "StanzaError") return STANZA.get(condition) ?? byType(wordOf(thrown, "type"));
  if (name === "XMLError") return ODD;
  if (name === "TimeoutError") return SLOW;
  if (name === "AbortError") return STOPPED;
  if (CERTIFICATE.test(code)) return TLS;
  return NETWORK.get(code) ?? (/^E[A-Z]+$/.test(code) ? AWAY : BROKEN);
}

/** What a refused stanza means; `joining` where it answers the wish to enter a room. */
export function stanzaFailure(condition: string, type: string, joining = false): Failure {
  const known = joining ? (JOINING.get(condition) ?? STANZA.get(condition)) : STANZA.get(condition);
  return failure(known ?? byType(type), word(condition), undefined);
}

/** Failures that we find ourselves. */
export const noTls = (): Failure => failure(TLS, "", undefined);
export const closedByServer = (): Failure => failure(AWAY, "", undefined);
export const noResponse = (): Failure => failure(SLOW, "", undefined);
export const protocolError = (detail: string, cause?: unknown): Failure =>
  failure(["retryable", ODD[1], detail], "", cause);
export const notInRoom = (): Failure => failure(NOT_IN_ROOM, "", undefined);
export const notXml = (): Failure => failure(CONTENT, "", undefined);

/** The failure for a break after a stanza was written and before anybody said whether it was taken. */
export function outcomeUnknown(cause: unknown): Failure {
  const detail = "The connection broke after it was written and before the server said whether it took it.";
  return new Failure({ kind: "retryable", code: "outcome-unknown", detail, mayHaveLanded: true, cause });
}

function byType(type: string): ErrorRow {
  return type === "wait" ? LATER : type === "auth" ? FORBIDDEN : type === "modify" ? CONTENT : REFUSED;
}

function failure([kind, code, detail]: ErrorRow, platformCode: string, cause: unknown): Failure {
  return new Failure({
    kind,
    code,
    detail,
    ...(platformCode === "" ? {} : { platformCode }),
    ...(cause === undefined ? {} : { cause }),
  });
}

function wordOf(thrown: unknown, field: "name" | "condition" | "code" | "type"): string {
  if (typeof thrown !== "object" || thrown === null) return "";
  return word((thrown as Readonly<Record<string, unknown>>)[field]);
}

/** Only what has the form of a code: a server's condition is its own element's name. */
function word(value: unknown): string {
  return typeof value === "string" && /^[A-Za-z_-]{1,48}$/.test(value) ? value : "";
}
