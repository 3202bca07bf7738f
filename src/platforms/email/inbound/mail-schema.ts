/** Somebody in a mail's header. */
export interface Person {
  readonly address: string;
  readonly name?: string;
}

/** An attachment as events list it: its content is fetched by `part` (IMAP's number of it) when it is wanted. */
export interface ListedAttachment {
  readonly name?: string;
  readonly mediaType: string;
  /** Bytes after decoding. */
  readonly size: number;
  /** Content-ID without its brackets: what `cid:` in the HTML names. */
  readonly id?: string;
  readonly part?: string;
}

/** A mail's content in an event; everything in it is bounded, together to less than 256 KiB of JSON. */
export interface ArrivedMessage {
  readonly type: "message";
  /** Message-ID with its brackets. */
  readonly id?: string;
  readonly subject?: string;
  /** Plain text; made of the HTML where the mail has no other. */
  readonly body?: string;
  readonly bodyTruncated?: true;
  readonly html?: string;
  readonly htmlTruncated?: true;
  readonly to?: readonly Person[];
  readonly cc?: readonly Person[];
  readonly replyTo?: readonly Person[];
  readonly attachments?: readonly ListedAttachment[];
  /** True: there are more than are listed. */
  readonly attachmentsTruncated?: true;
  readonly inReplyTo?: string;
  /** Oldest first. */
  readonly references?: readonly string[];
  /** List-, X- and a few more, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** True: the mail was larger, or harder to read, than a mail may be; the rest of it is missing here. */
  readonly truncated?: true;
}

/** A raw mail, read. */
export interface ArrivedMail {
  /** Who it says it is from; the address is `<>` where it says nothing. */
  readonly actor: Person;
  readonly object: ArrivedMessage;
  /** The thread it belongs to: the oldest Message-ID it refers to, else its own. */
  readonly context?: { readonly type: "thread"; readonly id: string };
  /** Its own date (RFC 3339), unchecked: any sender can write any date. */
  readonly date?: string;
}

/** What the reading thread is given; `truncated` when this is not the whole mail. */
export interface MailTask {
  readonly source: Uint8Array;
  readonly truncated: boolean;
}
