import { Failure } from "../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../platform/kit/error-table.ts";

const RESTRICTED: ErrorEntry = [
  "permanent",
  "account-restricted",
  "The XMPP server does not let this account stay connected.",
];
/** Entries without proof. RFC 6120 defines no meaning for the account; servers answer so while parts are away. */
const DOMAIN_NOT_SERVED: ErrorEntry = { as: "rejected", detail: "The XMPP server does not serve this domain." };
const LOGIN_REFUSED: ErrorEntry = [
  "auth",
  "platform-rejected",
  "The XMPP server does not complete the login, for a reason other than the password.",
];
const LOGIN_REQUEST_REFUSED: ErrorEntry = {
  as: "rejected",
  detail: "The XMPP server refuses a request that belongs to the login.",
};
const BUSY: ErrorEntry = { as: "unavailable", detail: "The XMPP server asks to retry later." };
const ROOM_REFUSED: ErrorEntry = [
  "permanent",
  "room-refused",
  "The room does not let this account in (password, ban, or members only).",
];
const NICK_IN_USE: ErrorEntry = [
  "permanent",
  "nick-in-use",
  "The nickname is taken in this room: join with another nickname.",
];
const NOT_IN_ROOM: ErrorEntry = ["permanent", "not-in-room", "The account is not in this room: join the room first."];

const UPLOAD_FORBIDDEN: ErrorEntry = {
  as: "permission",
  detail: "The account may not upload files to its server (XEP-0363): give the file by url.",
};
const UPLOAD_UNAVAILABLE: ErrorEntry = {
  as: "unavailable",
  detail: "The server's upload service (XEP-0363) is not available at the moment.",
};

/** Wait after a conflict, in ms: another session of the account has to end first. */
const CONFLICT_WAIT_MS = 120_000;

/** Error conditions by origin: `stream`, `sasl`, `stanza`, or `join` for refused join requests. */
const TABLE = errorTable({
  network: "The XMPP server",
  details: {
    tls: "The XMPP server offers no trusted encryption (no STARTTLS, or a certificate that does not match); no password was sent.",
  },
  codes: {
    // RFC 6120 section 4.9.3; conditions that are absent here pass by themselves.
    "stream not-authorized": LOGIN_REFUSED,
    // Resources are unique, so a conflict is a limit of sessions or an operator's kick; both pass.
    "stream conflict": {
      as: "rate-limited",
      detail: "The XMPP server limits the account's sessions, or an operator ended this session.",
    },
    // About the traffic of a stream, never about the account.
    "stream policy-violation": { as: "unavailable", detail: "The XMPP server ended the connection by its rules." },
    "stream host-unknown": DOMAIN_NOT_SERVED,
    "stream host-gone": DOMAIN_NOT_SERVED,
    "stream unsupported-version": DOMAIN_NOT_SERVED,
    "stream resource-constraint": "rate-limited",
    "stream bad-format": "protocol-error",
    "stream not-well-formed": "protocol-error",
    "stream invalid-xml": "protocol-error",
    // RFC 6120 section 6.5.
    "sasl not-authorized": "credentials-invalid",
    "sasl credentials-expired": "credentials-expired",
    "sasl account-disabled": RESTRICTED,
    "sasl temporary-auth-failure": BUSY,
    "sasl encryption-required": "tls",
    // RFC 6120 section 8.3.3.
    "stanza service-unavailable": "recipient-unknown",
    "stanza item-not-found": "recipient-unknown",
    "stanza jid-malformed": "recipient-unknown",
    "stanza gone": "recipient-unknown",
    "stanza redirect": "recipient-unknown",
    "stanza remote-server-not-found": "recipient-unknown",
    "stanza recipient-unavailable": "recipient-unreachable",
    "stanza remote-server-timeout": { as: "unavailable", detail: "The recipient's server does not answer." },
    "stanza forbidden": "permission",
    "stanza not-authorized": "permission",
    "stanza not-allowed": "permission",
    "stanza registration-required": "permission",
    "stanza subscription-required": "permission",
    "stanza policy-violation": "policy",
    "stanza not-acceptable": "policy",
    "stanza bad-request": "content",
    "stanza resource-constraint": "rate-limited",
    "stanza internal-server-error": BUSY,
    // XEP-0363 section 5. Other conditions say nothing about the file: the service is away.
    "upload not-acceptable": "content-too-large",
    "upload bad-request": "content",
    "upload resource-constraint": "rate-limited",
    "upload not-allowed": UPLOAD_FORBIDDEN,
    "upload forbidden": UPLOAD_FORBIDDEN,
    "upload not-authorized": UPLOAD_FORBIDDEN,
    // XEP-0045 section 7.2.
    "join conflict": NICK_IN_USE,
    "join not-authorized": ROOM_REFUSED,
    "join forbidden": ROOM_REFUSED,
    "join registration-required": ROOM_REFUSED,
    "join not-allowed": ROOM_REFUSED,
    "join service-unavailable": ROOM_REFUSED,
  },
});

/** Classifies errors of @xmpp/client, Node and this folder. `platformCode` is the server's condition or Node's code. */
export function classifyError(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const condition = codeOf(thrown, "condition");
  const facts = { platformCode: condition, cause: thrown };
  switch (codeOf(thrown, "name")) {
    case "SASLError":
      return TABLE.failure(saslEntry(condition, thrown), facts);
    case "StreamError":
      return TABLE.failure(TABLE.lookup(`stream ${condition}`) ?? "unreachable", {
        ...facts,
        retryAfterMs: condition === "conflict" ? CONFLICT_WAIT_MS : undefined,
      });
    case "StanzaError":
      return TABLE.failure(TABLE.lookup(`stanza ${condition}`) ?? entryOfType(codeOf(thrown, "type")), facts);
    case "XMLError":
      return TABLE.failure("protocol-error", facts);
    default:
      return TABLE.classify(thrown);
  }
}

/** Texts by which servers say that a refused login will be taken later. */
const PASSING_TEXT = /temporar|too many|try again|later|unavailable|internal|timed? ?out|database/i;

function saslEntry(condition: string, thrown: unknown): ErrorEntry {
  const text: unknown = (thrown as { readonly text?: unknown }).text;
  if (condition === "not-authorized" && typeof text === "string" && PASSING_TEXT.test(text)) return BUSY;
  return TABLE.lookup(`sasl ${condition}`) ?? LOGIN_REFUSED;
}

/** Classifies an error of a login. A refused request of the login (binding, roster) is no refusal of a recipient. */
export function loginFailure(thrown: unknown): unknown {
  if (codeOf(thrown, "name") !== "StanzaError") return thrown;
  const platformCode = codeOf(thrown, "condition");
  return TABLE.failure(codeOf(thrown, "type") === "wait" ? BUSY : LOGIN_REQUEST_REFUSED, {
    platformCode,
    cause: thrown,
  });
}

/** Classifies the condition of an error stanza; `joining` where the stanza answers a join request. */
export function stanzaFailure(condition: string, type: string, joining = false): Failure {
  const row = (joining ? TABLE.lookup(`join ${condition}`) : undefined) ?? TABLE.lookup(`stanza ${condition}`);
  return TABLE.failure(row ?? entryOfType(type), { platformCode: codeIn(condition) });
}

/** Failures found by the platform itself. */
export const noTls = (): Failure => TABLE.failure("tls");
export const closedByServer = (): Failure => TABLE.failure("unreachable");
export const noResponse = (): Failure => TABLE.failure("timeout");
export const protocolError = (detail: string, cause?: unknown): Failure =>
  TABLE.failure({ as: "protocol-error", detail }, { cause });
/** Makes the failure for a server without a supported login. `offered` are the names of its mechanisms. */
export function noLogin(offered: readonly string[]): Failure {
  const names = offered.filter((name) => /^[A-Z0-9_-]{1,20}$/.test(name)).slice(0, 10);
  const offer = names.length === 0 ? "none" : names.join(", ");
  const detail = `The XMPP server offers no login by SCRAM or PLAIN (RFC 6120 section 6), but: ${offer}. The password was not tried.`;
  return TABLE.failure({ as: "rejected", detail }, { platformCode: names.join(" ") });
}
export function archiveSilent(room: string | undefined): Failure {
  const subject = room === undefined ? "The account's archive" : `The archive of the room ${room}`;
  const detail = `${subject} does not answer: messages missed while the account was offline follow when it does. New ones arrive.`;
  return TABLE.failure({ as: "timeout", detail });
}
export const roomLost = (): Failure =>
  TABLE.failure({ as: "unavailable", detail: "The room had lost the account, which joins again." });
export const tooLarge = (cause?: unknown): Failure => TABLE.failure("content-too-large", { cause });
export const noUploadService = (): Failure =>
  TABLE.failure({
    as: "content",
    detail: "The account's server has no upload service (XEP-0363): give the file by url.",
  });
export const noFile = (): Failure =>
  TABLE.failure({ as: "content", detail: "The attachment's content is no longer stored; send it again." });
export const insecureUpload = (): Failure =>
  TABLE.failure({
    as: "tls",
    detail: "The upload service gives an address without TLS (https); nothing was uploaded.",
  });

/** Classifies a refused or unanswered request to the upload service. */
export function uploadFailure(thrown: unknown): Failure {
  if (codeOf(thrown, "name") !== "StanzaError") return classifyError(thrown);
  const platformCode = codeOf(thrown, "condition");
  return TABLE.failure(TABLE.lookup(`upload ${platformCode}`) ?? UPLOAD_UNAVAILABLE, { platformCode, cause: thrown });
}

/** Makes the failure for a file that the service did not take. `status` is the HTTP status of the PUT. */
export function uploadRefused(status: number, retryAfterMs: number | undefined): Failure {
  const entry = status === 413 ? "content-too-large" : UPLOAD_UNAVAILABLE;
  return TABLE.failure(entry, { platformCode: `HTTP ${status}`, retryAfterMs });
}

export const isPolicyViolation = (thrown: unknown): boolean =>
  codeOf(thrown, "name") === "StreamError" && codeOf(thrown, "condition") === "policy-violation";
/** Refusals that end a membership (XEP-0045 section 7.2): password, ban, members only, destroyed. */
const ROOM_VERDICTS: ReadonlySet<string> = new Set(["not-authorized", "forbidden", "registration-required", "gone"]);
export const isRoomVerdict = ({ platformCode = "" }: Failure): boolean => ROOM_VERDICTS.has(platformCode);
export const notInRoom = (): Failure => TABLE.failure(NOT_IN_ROOM);
export const notXml = (): Failure =>
  TABLE.failure({ as: "content", detail: "XML cannot carry a character of the text." });

/** Makes the failure for a break between a written stanza and the server's acknowledgement. */
export function outcomeUnknown(cause: unknown): Failure {
  return TABLE.failure("outcome-unknown", { mayHaveLanded: true, cause });
}

/** Classifies an unlisted condition by the error's type (RFC 6120 section 8.3.2). */
function entryOfType(type: string): ErrorEntry {
  if (type === "wait") return BUSY;
  if (type === "auth") return "permission";
  if (type === "modify") return "content";
  return "rejected";
}

function codeOf(thrown: unknown, field: "name" | "condition" | "type"): string {
  if (typeof thrown !== "object" || thrown === null) return "";
  return codeIn((thrown as Readonly<Record<string, unknown>>)[field]);
}

/** Returns a value that has the form of a code. A server may choose any element name as condition. */
function codeIn(value: unknown): string {
  return typeof value === "string" && /^[A-Za-z_-]{1,48}$/.test(value) ? value : "";
}
