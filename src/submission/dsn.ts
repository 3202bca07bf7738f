import type { DsnRecipient, DsnRequest } from "../model/dsn-request.ts";
import type { FinalStatus, ResultEvent, TargetOutcome } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import type { PendingDsn } from "../outbox/pending-dsns.ts";

/** An ended activity, as a notification tells of it. */
export interface DsnSource extends Pick<PendingDsn, "rid" | "request"> {
  readonly result: ResultEvent;
  /** Unix ms. */
  readonly acceptedAt: number;
  /** Name of the reporting mail system. */
  readonly domain: string;
}

/** Outcome for a recipient in a notification. */
interface RecipientOutcome extends DsnRecipient {
  readonly status: string;
  readonly error?: EventError;
}

const SENDER_NAME = "Mail Delivery System";
/** Phrases for outcomes. All others mean that the mail could not be delivered. */
const STATUS_PHRASES: Readonly<Record<string, string>> = {
  sent: "was handed to the next mail system",
  expired: "could not be delivered in time",
  unknown: "may have been delivered or not: the connection broke before the answer came",
};
/** Enhanced status codes (RFC 3463) of outcomes and of errors. */
const STATUS_CODES: Readonly<Record<string, string>> = { sent: "2.0.0", expired: "4.4.7", unknown: "4.4.2" };
const ERROR_CODES: Readonly<Record<string, string>> = {
  "content-refused": "5.6.0",
  "content-too-large": "5.3.4",
  "credentials-invalid": "5.7.8",
  "permission-denied": "5.7.1",
  "policy-refused": "5.7.1",
  "recipient-not-reachable": "5.2.1",
  "recipient-unknown": "5.1.1",
};
const REPLY = /^[245]\d\d[ -](?:([245]\.\d{1,3}\.\d{1,3}) )?/;

/**
 * Makes the activity that notifies a mail's sender (DSN, RFC 3464). The same outcome makes the same activity, rid included,
 * so that several processes, or a process that died in between, send it once. Undefined where no recipient is reported.
 */
export function dsnActivity(source: DsnSource): Readonly<Record<string, unknown>> | undefined {
  const { rid, request, result } = source;
  const outcomes = request.recipients.map((recipient) => outcomeOf(recipient, result)).filter(isReported);
  if (outcomes.length === 0) return undefined;
  const isSuccess = outcomes.every(({ status }) => status === "sent");
  const address = result.platform === "email" ? result.actor.address : request.to;
  return {
    rid: `${rid}~dsn`,
    platform: "email",
    verb: "send",
    actor: { address, name: SENDER_NAME },
    target: [{ address: request.to }],
    object: {
      subject: isSuccess ? "Delivery Status Notification (Success)" : "Delivery Status Notification (Failure)",
      body: text(outcomes, request),
      attachments: [
        { name: "status.txt", mediaType: "message/delivery-status", content: base64(deliveryStatus(source, outcomes)) },
        {
          name: "headers.txt",
          mediaType: "text/rfc822-headers",
          content: base64(`${request.fields.join("\r\n")}\r\n`),
        },
      ],
      headers: { "Auto-Submitted": "auto-replied" },
    },
  };
}

function outcomeOf(recipient: DsnRecipient, { status, error, target }: ResultEvent): RecipientOutcome {
  const own = target.find(({ address }) => address.toLowerCase() === recipient.address.toLowerCase());
  const outcome: Pick<TargetOutcome, "status" | "error"> = own ?? { status };
  const reason = outcome.error ?? error;
  return { ...recipient, status: outcome.status, ...(reason === undefined ? {} : { error: reason }) };
}

/** Tells whether the sender wants to hear of an outcome. Cancelling is no failure: the app did it. */
function isReported({ status, onFailure, onSuccess }: RecipientOutcome): boolean {
  if (status === ("cancelled" satisfies FinalStatus)) return false;
  return status === "sent" ? onSuccess : onFailure;
}

/** Makes the part for people. */
function text(outcomes: readonly RecipientOutcome[], { fields }: DsnRequest): string {
  const subject = fields.find((field) => /^subject:/i.test(field));
  const lines = outcomes.map(({ mailbox, status, error }) => {
    const reason = error === undefined ? "" : `\n    ${reasonOf(error)}`;
    return `  ${mailbox} ${STATUS_PHRASES[status] ?? "could not be delivered"}${reason}`;
  });
  return [
    "This is an automatic notification about a mail that you sent.",
    ...(subject === undefined ? [] : [subject.replaceAll(/\s+/g, " ")]),
    "",
    ...lines,
    "",
  ].join("\n");
}

function reasonOf({ code, detail, platformCode }: EventError): string {
  return `${code}: ${detail}${platformCode === undefined ? "" : ` (${platformCode})`}`;
}

/** Makes the part for programs: fields about the mail, then a block for each recipient. */
function deliveryStatus(source: DsnSource, outcomes: readonly RecipientOutcome[]): string {
  const { request, domain, acceptedAt, result } = source;
  const ended = mailDate(Date.parse(result.published));
  const message = [
    `Reporting-MTA: dns; ${ascii(domain)}`,
    ...(request.envelopeId === undefined ? [] : [`Original-Envelope-Id: ${ascii(request.envelopeId)}`]),
    `Arrival-Date: ${mailDate(acceptedAt)}`,
  ];
  const blocks = outcomes.map(({ mailbox, original, status, error }) => [
    ...(original === undefined ? [] : [`Original-Recipient: ${ascii(original)}`]),
    `Final-Recipient: ${addressField(mailbox)}`,
    // A mail system further on may know more, and does not tell: RFC 3461 calls that relayed.
    `Action: ${status === "sent" ? "relayed" : "failed"}`,
    `Status: ${statusCode(status, error)}`,
    ...(error === undefined ? [] : [`Diagnostic-Code: ${diagnosticCode(error)}`]),
    `Last-Attempt-Date: ${ended}`,
  ]);
  return [message, ...blocks].map((lines) => `${lines.join("\r\n")}\r\n`).join("\r\n");
}

function statusCode(status: string, error: EventError | undefined): string {
  const own = STATUS_CODES[status];
  if (own !== undefined) return own;
  return REPLY.exec(error?.platformCode ?? "")?.[1] ?? ERROR_CODES[error?.code ?? ""] ?? "5.0.0";
}

function diagnosticCode(error: EventError): string {
  const { platformCode } = error;
  if (platformCode !== undefined && REPLY.test(platformCode)) return `smtp; ${ascii(platformCode)}`;
  return `x-dragoman; ${ascii(reasonOf(error))}`;
}

/** Writes an address of any script (RFC 6533). */
function addressField(mailbox: string): string {
  if (/^[\x21-\x7e]*$/.test(mailbox)) return `rfc822; ${mailbox}`;
  const escaped = [...mailbox].map((character) =>
    /[\x21-\x7e]/.test(character) ? character : `\\x{${character.codePointAt(0)?.toString(16).toUpperCase()}}`,
  );
  return `utf-8; ${escaped.join("")}`;
}

/** Reduces a value to a line of printable ASCII, short enough for any mail system. */
function ascii(value: string): string {
  return value.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 900);
}

function mailDate(ms: number): string {
  return new Date(ms).toUTCString().replace("GMT", "+0000");
}

function base64(content: string): string {
  return Buffer.from(content).toString("base64");
}
