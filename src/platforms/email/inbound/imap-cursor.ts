import { createHash } from "node:crypto";

/** How far a folder has been read: what was there at that point, or came before it, is not reported again. */
export interface Cursor {
  readonly uidValidity: string;
  readonly uid: number;
  /** INTERNALDATE in ms of the newest mail so far: what counts when the server has given all mails new uids. */
  readonly newest: number;
}

/** A cursor as it is kept in a note. */
export function cursorNote({ uidValidity, uid, newest }: Cursor): string {
  return `${uidValidity}:${uid}:${newest}`;
}

/** Reads a cursor's note; undefined for what is none. */
export function cursorOf(note: string | undefined): Cursor | undefined {
  const [, uidValidity = "", uid, newest] = /^(\d{1,20}):(\d{1,10}):(\d{1,15})$/.exec(note ?? "") ?? [];
  return uidValidity === "" ? undefined : { uidValidity, uid: Number(uid), newest: Number(newest) };
}

/** What tells one mail from another whatever folder and uid the server gives it. */
export interface Traits {
  readonly messageId?: string | undefined;
  readonly date?: string | undefined;
  readonly subject?: string | undefined;
  readonly size: number;
}

/**
 * The key that drops a mail seen before: made of its Message-ID and what else stays the same when it is moved or when the
 * server gives new uids, so that nobody who knows only the Message-ID can make a mail look seen. Without one, its place.
 */
export function arrivalKey({ messageId, date = "", subject = "", size }: Traits, place: string): string {
  if (messageId === undefined || messageId === "") return `mail:${place}`;
  const traits = JSON.stringify([messageId, date, subject, size]);
  return `mail:${createHash("sha256").update(traits).digest("base64url")}`;
}
