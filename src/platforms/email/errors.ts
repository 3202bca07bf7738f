import { Failure } from "../../model/failure.ts";
import { type ErrorEntry, errorTable } from "../../platform/kit/error-table.ts";
import { nodeError } from "../../platform/kit/node-error.ts";
import { classifyImapError } from "./client/imap/errors.ts";
import { type Reply, replyOf } from "./client/smtp/reply.ts";

const LATER = { as: "unavailable", detail: "The mail server asks to retry later." } as const;
const REFUSED = { as: "rejected", detail: "The mail server refuses the message." } as const;
const SENDER = { as: "permission", detail: "The mail server does not let this sender send." } as const;

/** Meanings of nodemailer's error codes; replies of the server take precedence. */
const smtp = errorTable({
  network: "The mail server",
  details: {
    tls: "The mail server offers no encryption that can be trusted (STARTTLS missing, or its certificate does not fit); nothing was sent.",
    "recipient-unreachable": "The recipient's mailbox takes no mail.",
    policy: "The mail server's rules forbid this recipient.",
    "content-too-large": "The message is larger than the mail server takes.",
    content: "The mail server refuses what the message contains.",
    stopped: "The work was stopped before the message was complete.",
    "outcome-unknown":
      "The connection broke after the message was complete and before the mail server said whether it took it.",
  },
  codes: {
    ETLS: "tls",
    EREQUIRETLS: "tls",
    EAUTH: "credentials-invalid",
    ENOAUTH: "credentials-invalid",
    EOAUTH2: "credentials-invalid",
    ECONNECTION: "unreachable",
    ESOCKET: "unreachable",
    EDNS: "unreachable",
    EPROXY: "unreachable",
    EMAXLIMIT: "unreachable",
    EPROTOCOL: "protocol-error",
    EMESSAGE: "content-too-large",
  },
});

interface SmtpError {
  readonly code: string;
  /** Code of Node's error that nodemailer wrapped. */
  readonly originalCode: string;
  readonly command: string;
  readonly reply: Reply | undefined;
}

/**
 * Classifies errors of nodemailer, imapflow and Node. `platformCode` is the server's own reply, or the library's code;
 * `secrets` are removed from the reply, since a hostile server may repeat the login.
 */
export function classifyError(thrown: unknown, secrets: Iterable<string> = []): Failure {
  const failure = failureIn(thrown) ?? classifyImapError(thrown);
  if (failure) return failure;
  const error = smtpError(thrown, secrets);
  const platformCode = error.reply?.text ?? (error.originalCode || error.code);
  return smtp.failure(entryOf(error, thrown), { platformCode, cause: thrown });
}

/** Makes the failure for a break after the final dot. The server may have accepted the message. */
export function outcomeUnknown(thrown: unknown): Failure {
  const platformCode = smtpError(thrown).code;
  return smtp.failure("outcome-unknown", { platformCode, cause: thrown, mayHaveLanded: true });
}

/** Tells whether the error contains the server's own reply. */
export function hasReply(thrown: unknown): boolean {
  return smtpError(thrown).reply !== undefined;
}

function entryOf(error: SmtpError, thrown: unknown): ErrorEntry {
  const { code, originalCode, command, reply } = error;
  // nodemailer wraps Node's errors: the original code tells a bad certificate from a lost connection.
  const { meaning } = nodeError({ code: originalCode });
  if (meaning === "tls") return "tls";
  if (reply) return replyEntry(reply, code, command);
  return smtp.lookup(code) ?? nodeError(thrown).meaning;
}

function replyEntry(reply: Reply, code: string, command: string): ErrorEntry {
  if (reply.code < 500) return isLimit(reply) ? "rate-limited" : LATER;
  // A permanently refused greeting or EHLO concerns this connection only: another attempt may reach another server.
  if (code === "EPROTOCOL" || code === "ECONNECTION") return LATER;
  if (code === "ETLS" || (reply.code === 530 && /STARTTLS/i.test(reply.text))) return "tls";
  if (code === "EAUTH" || reply.code === 530 || reply.code === 535)
    return isFinalLogin(reply) ? "credentials-invalid" : LATER;
  return command === "RCPT TO" ? recipientEntry(reply) : messageEntry(reply, command);
}

/** Tells whether a login is refused permanently (RFC 4954 section 6). Servers also refuse valid logins temporarily. */
function isFinalLogin({ code, status, text }: Reply): boolean {
  const isTemporary =
    status.startsWith("4.") || /temporar|try again|too many|later|service unavailable|internal error/i.test(text);
  return [530, 534, 535, 538].includes(code) && !isTemporary;
}

function messageEntry({ code, status }: Reply, command: string): ErrorEntry {
  if (code === 552 || status === "5.3.4" || status === "5.2.3") return "content-too-large";
  if (command === "MAIL FROM") return /^5\.[17]\./.test(status) ? SENDER : REFUSED;
  return /^5\.[67]\./.test(status) || code === 554 ? "content" : REFUSED;
}

function recipientEntry({ code, status }: Reply): ErrorEntry {
  if (status === "5.3.4") return "content-too-large";
  if (status.startsWith("5.1.")) return "recipient-unknown";
  if (status.startsWith("5.2.") || code === 551 || code === 552) return "recipient-unreachable";
  if (status.startsWith("5.7.") || code === 554) return "policy";
  return code === 550 || code === 553 ? "recipient-unknown" : REFUSED;
}

function isLimit({ status, text }: Reply): boolean {
  return /^4\.7\.28$/.test(status) || /\b(rate|throttl\w*|too (many|much|fast)|quota|limit\w*)\b/i.test(text);
}

function failureIn(thrown: unknown): Failure | undefined {
  if (thrown instanceof Failure) return thrown;
  return thrown instanceof Error && thrown.cause instanceof Failure ? thrown.cause : undefined;
}

function smtpError(thrown: unknown, secrets: Iterable<string> = []): SmtpError {
  const fields: Readonly<Record<string, unknown>> = typeof thrown === "object" && thrown !== null ? { ...thrown } : {};
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : fields.code;
  const safeToken = (value: unknown) => (typeof value === "string" && /^[\w ]{1,64}$/.test(value) ? value : "");
  return {
    code: safeToken(code),
    originalCode: safeToken(fields.originalCode),
    command: safeToken(fields.command),
    reply: replyOf(fields.response, (text) => redact(text, secrets)),
  };
}

function redact(text: string, secrets: Iterable<string>): string {
  let clean = text;
  for (const secret of secrets) if (secret.length > 3) clean = clean.replaceAll(secret, "***");
  return clean;
}
