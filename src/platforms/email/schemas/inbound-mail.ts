import type { TermName } from "../../../platform/vocabulary/vocabulary.ts";

/** Verbs that arrive, with the terms of their objects. */
export const INBOUND = {
  send: [
    "type",
    "id",
    "subject",
    "body",
    "bodyTruncated",
    "html",
    "htmlTruncated",
    "to",
    "cc",
    "replyTo",
    "attachments",
    "attachmentsTruncated",
    "inReplyTo",
    "references",
    "headers",
    "truncated",
    "folder",
    "uid",
    "uidValidity",
    "size",
    "error",
  ],
} as const satisfies Readonly<Record<string, readonly TermName[]>>;

/** A person in a mail's header. */
export interface Person {
  readonly address: string;
  readonly name?: string;
}

/** An attachment as events list it. The content is fetched by `part`, IMAP's part number, on demand. */
export interface ListedAttachment {
  readonly name?: string;
  readonly mediaType: string;
  /** Bytes after decoding. */
  readonly size: number;
  /** Content-ID without brackets, as `cid:` in the HTML names the attachment. */
  readonly id?: string;
  readonly part?: string;
}

/** A mail's content in an event. Every member is bounded; together they take less than 256 KiB of JSON. */
export interface InboundMessage {
  readonly type: "message";
  /** Message-ID with brackets. */
  readonly id?: string;
  readonly subject?: string;
  /** Plain text; converted from the HTML where the mail has no plain text. */
  readonly body?: string;
  readonly bodyTruncated?: true;
  readonly html?: string;
  readonly htmlTruncated?: true;
  readonly to?: readonly Person[];
  readonly cc?: readonly Person[];
  readonly replyTo?: readonly Person[];
  readonly attachments?: readonly ListedAttachment[];
  /** True: the mail has more attachments than are listed. */
  readonly attachmentsTruncated?: true;
  readonly inReplyTo?: string;
  /** Oldest first. */
  readonly references?: readonly string[];
  /** Fields List-*, X-* and a few more, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** True: the mail was larger, or harder to read, than the limits. Parts of the mail are missing here. */
  readonly truncated?: true;
  /** Reason for a mail that could not be read at all. */
  readonly error?: { readonly code: string; readonly detail: string; readonly retryable: false };
  /** Bytes of a mail that could not be read. */
  readonly size?: number;
}

/** A parsed mail. */
export interface InboundMail {
  /** Sender as the mail claims; the address is `<>` where the mail names none. */
  readonly actor: Person;
  readonly object: InboundMessage;
  /** Thread of the mail: the oldest Message-ID in the references, else the mail's own. */
  readonly context?: { readonly type: "thread"; readonly id: string };
  /** The mail's own date (RFC 3339), unchecked: any sender can write any date. */
  readonly date?: string;
}

/** Text, HTML and attachments of a mail. */
export interface MailContent {
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly attachments: readonly ListedAttachment[];
  readonly hasMoreAttachments: boolean;
}
