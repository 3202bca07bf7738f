/** Read position in a folder: earlier mails are not reported again. */
export interface Cursor {
  readonly uidValidity: string;
  readonly uid: number;
  /** INTERNALDATE in ms of the newest mail so far. Decides after the server gave all mails new uids. */
  readonly newest: number;
}

/** Formats a cursor for the connection state. */
export function formatCursor({ uidValidity, uid, newest }: Cursor): string {
  return `${uidValidity}:${uid}:${newest}`;
}

/** Parses a stored cursor; undefined for other values. */
export function parseCursor(stored: string | undefined): Cursor | undefined {
  const [, uidValidity = "", uid, newest] = /^(\d{1,20}):(\d{1,10}):(\d{1,15})$/.exec(stored ?? "") ?? [];
  return uidValidity === "" ? undefined : { uidValidity, uid: Number(uid), newest: Number(newest) };
}

/** Properties of a mail that stay the same in any folder and under any uid. */
export interface MailTraits {
  readonly messageId: string | undefined;
  /** SHA-256 of the mail's size and first bytes. */
  readonly hash: string;
  readonly size: number;
}

/**
 * Returns the key that detects a mail seen before. Made of the mail's bytes, so that a sender who repeats an id can't make
 * another mail look seen; a move and new uids leave them as they are. Without a Message-ID copies are told apart by location.
 */
export function mailKey({ messageId, hash }: MailTraits, location: string): string {
  return messageId === undefined ? `mail:${location}` : `mail:${hash}`;
}
