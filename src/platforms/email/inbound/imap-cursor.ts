import { createHash } from "node:crypto";

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
  readonly messageId?: string | undefined;
  readonly date?: string | undefined;
  readonly subject?: string | undefined;
  readonly size: number;
}

/**
 * Returns the key that detects a mail seen before. Made of the Message-ID and the other properties that survive a move and
 * new uids, so that knowing a Message-ID is not enough to make a mail look seen. Without a Message-ID: the location.
 */
export function mailKey({ messageId, date = "", subject = "", size }: MailTraits, location: string): string {
  if (messageId === undefined || messageId === "") return `mail:${location}`;
  const traits = JSON.stringify([messageId, date, subject, size]);
  return `mail:${createHash("sha256").update(traits).digest("base64url")}`;
}
