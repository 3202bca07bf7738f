import { Failure, type FailureKind } from "../../model/failure.ts";
import { classifyImapError } from "./client/imap/errors.ts";
import { type Reply, replyOf } from "./client/smtp/reply.ts";

type Meaning = readonly [kind: FailureKind, code: string, detail: string];

const TLS: Meaning = [
  "permanent",
  "tls-failed",
  "The mail server offers no encryption that can be trusted (STARTTLS missing, or its certificate does not fit); nothing was sent.",
];
const LOGIN: Meaning = ["auth", "credentials-invalid", "The mail server refuses the login: store the account again."];
const SLOW: Meaning = ["retryable", "platform-timeout", "The mail server did not answer in time."];
const AWAY: Meaning = [
  "retryable",
  "platform-unavailable",
  "The mail server can't be reached or broke the connection.",
];
const LATER: Meaning = ["retryable", "platform-unavailable", "The mail server asks to come back later."];
const LIMIT: Meaning = ["rate-limited", "platform-rate-limited", "The mail server limits how much it takes."];
const ODD: Meaning = ["retryable", "platform-protocol-error", "The mail server's answer makes no sense."];
const NOBODY: Meaning = ["permanent", "recipient-unknown", "The mail server knows no such recipient."];
const UNREACHABLE: Meaning = ["permanent", "recipient-not-reachable", "The recipient's mailbox takes no mail."];
const POLICY: Meaning = ["permanent", "policy-refused", "The mail server's rules forbid this recipient."];
const SENDER: Meaning = ["permanent", "permission-denied", "The mail server does not let this sender send."];
const LARGE: Meaning = ["permanent", "content-too-large", "The message is larger than the mail server takes."];
const CONTENT: Meaning = ["permanent", "content-refused", "The mail server refuses what the message contains."];
const REFUSED: Meaning = ["permanent", "platform-rejected", "The mail server refuses the message."];
const STOPPED: Meaning = ["retryable", "platform-timeout", "The work was stopped before the message was complete."];
const BROKEN: Meaning = ["retryable", "internal-error", "Something broke on our side before the message left."];

/** Node's codes for a certificate or TLS version that can't be accepted. */
const CERTIFICATE = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$|HOSTNAME_MISMATCH)/;

interface Fault {
  readonly code: string;
  readonly originalCode: string;
  readonly command: string;
  readonly reply: Reply | undefined;
}

/**
 * Says what nodemailer's and Node's errors mean. `platformCode` is the server's own reply, or the library's code;
 * `secrets` are blotted out of it, since a hostile server may repeat what it was sent.
 */
export function classifyError(thrown: unknown, secrets: Iterable<string> = []): Failure {
  const known = failureIn(thrown) ?? classifyImapError(thrown);
  if (known) return known;
  const fault = faultOf(thrown, secrets);
  const [kind, code, detail] = meaning(fault, thrown);
  const platformCode = fault.reply?.text ?? (fault.originalCode || fault.code);
  return new Failure({ kind, code, detail, ...(platformCode === "" ? {} : { platformCode }), cause: thrown });
}

/** The failure for a break after the final dot may have left: nobody knows whether the server took the message. */
export function outcomeUnknown(thrown: unknown): Failure {
  return new Failure({
    kind: "retryable",
    code: "outcome-unknown",
    detail: "The connection broke after the message was complete and before the mail server said whether it took it.",
    mayHaveLanded: true,
    ...(faultOf(thrown).code === "" ? {} : { platformCode: faultOf(thrown).code }),
    cause: thrown,
  });
}

/** True when the server itself said what became of the message. */
export function hasReply(thrown: unknown): boolean {
  return faultOf(thrown).reply !== undefined;
}

function meaning(fault: Fault, thrown: unknown): Meaning {
  const { code, originalCode, command, reply } = fault;
  if (CERTIFICATE.test(originalCode) || CERTIFICATE.test(code)) return TLS;
  if (reply) return replyMeaning(reply, code, command);
  if (thrown instanceof Error && /^(Abort|Timeout)Error$/.test(thrown.name)) return STOPPED;
  return MEANINGS.get(code) ?? BROKEN;
}

const MEANINGS = new Map<string, Meaning>([
  ["ETLS", TLS],
  ["EREQUIRETLS", TLS],
  ["EAUTH", LOGIN],
  ["ENOAUTH", LOGIN],
  ["EOAUTH2", LOGIN],
  ["ETIMEDOUT", SLOW],
  ["ECONNECTION", AWAY],
  ["ESOCKET", AWAY],
  ["EDNS", AWAY],
  ["EPROXY", AWAY],
  ["ECONNREFUSED", AWAY],
  ["ECONNRESET", AWAY],
  ["EPIPE", AWAY],
  ["ENOTFOUND", AWAY],
  ["EAI_AGAIN", AWAY],
  ["EHOSTUNREACH", AWAY],
  ["ENETUNREACH", AWAY],
  ["EMAXLIMIT", AWAY],
  ["EPROTOCOL", ODD],
  ["EMESSAGE", LARGE],
  ["ABORT_ERR", STOPPED],
]);

function replyMeaning(reply: Reply, code: string, command: string): Meaning {
  if (reply.code < 500) return limits(reply) ? LIMIT : LATER;
  // A greeting or EHLO refused for good is about us today, not about the message: another try may meet another server.
  if (code === "EPROTOCOL" || code === "ECONNECTION") return LATER;
  if (code === "ETLS" || (reply.code === 530 && /STARTTLS/i.test(reply.text))) return TLS;
  if (code === "EAUTH" || reply.code === 530 || reply.code === 535) return LOGIN;
  return command === "RCPT TO" ? recipientMeaning(reply) : messageMeaning(reply, command);
}

function messageMeaning({ code, status }: Reply, command: string): Meaning {
  if (code === 552 || status === "5.3.4" || status === "5.2.3") return LARGE;
  if (command === "MAIL FROM") return /^5\.[17]\./.test(status) ? SENDER : REFUSED;
  return /^5\.[67]\./.test(status) || code === 554 ? CONTENT : REFUSED;
}

function recipientMeaning({ code, status }: Reply): Meaning {
  if (status === "5.3.4") return LARGE;
  if (status.startsWith("5.1.")) return NOBODY;
  if (status.startsWith("5.2.") || code === 551 || code === 552) return UNREACHABLE;
  if (status.startsWith("5.7.") || code === 554) return POLICY;
  return code === 550 || code === 553 ? NOBODY : REFUSED;
}

function limits({ status, text: words }: Reply): boolean {
  return /^4\.7\.28$/.test(status) || /\b(rate|throttl\w*|too (many|much|fast)|quota|limit\w*)\b/i.test(words);
}

function failureIn(thrown: unknown): Failure | undefined {
  if (thrown instanceof Failure) return thrown;
  return thrown instanceof Error && thrown.cause instanceof Failure ? thrown.cause : undefined;
}

function faultOf(thrown: unknown, secrets: Iterable<string> = []): Fault {
  const fields: Readonly<Record<string, unknown>> = typeof thrown === "object" && thrown !== null ? { ...thrown } : {};
  const own = thrown instanceof Error && "code" in thrown ? thrown.code : fields.code;
  const word = (value: unknown) => (typeof value === "string" && /^[\w ]{1,64}$/.test(value) ? value : "");
  return {
    code: word(own),
    originalCode: word(fields.originalCode),
    command: word(fields.command),
    reply: replyOf(fields.response, (text) => blotted(text, secrets)),
  };
}

function blotted(words: string, secrets: Iterable<string>): string {
  let clean = words;
  for (const secret of secrets) if (secret.length > 3) clean = clean.replaceAll(secret, "***");
  return clean;
}
