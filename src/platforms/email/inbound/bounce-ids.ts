/** Field of sent mails that repeats our id: some servers replace the Message-ID. */
export const ID_FIELD = "X-Dragoman-Id";

/** Places of a report that may repeat our id. */
export interface IdSources {
  /** Original-Envelope-Id of the report (RFC 3464 section 2.2.1). */
  readonly envelopeId: string;
  /** The returned mail, or its head. */
  readonly returned: string;
  /** Text for human readers. */
  readonly text: string;
  /** The report behind its head, still encoded. Some returned mails are in no part of their own. */
  readonly raw: string;
  /** Message-IDs that the report answers. */
  readonly answered: string;
  /** Addresses that the report came to. */
  readonly recipients: string;
}

const ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}";
const WHOLE = new RegExp(`^${ULID}$`, "i");
const OWN_FIELD = new RegExp(`^[ \\t>]{0,9}${ID_FIELD}:\\s{0,99}(${ULID})[ \\t]{0,99}$`, "im");
/** Envelope sender of the setting `returnPath`. */
const RETURN_PATH = new RegExp(`[+=-](${ULID})@`, "i");
const LOCAL_PART = new RegExp(`<(${ULID})@`, "i");
const MESSAGE_ID = /^[ \t>]{0,9}message-id:[ \t]{0,99}(?:\r?\n[ \t]{1,99})?(<[^<>\s]{1,500}>)/gim;
/** Author of a report within a report. */
const REPORTER = /^[ \t>]{0,9}from:[^\r\n]{0,200}(mailer-daemon|postmaster)/im;
const MAX_HEADS = 20;
const MAX_HEAD_CHARS = 8_192;

/** Returns our id of a mail from a report. The most reliable place comes first. */
export function activityIdIn(sources: IdSources): string | undefined {
  const { envelopeId, returned, text, answered, recipients } = sources;
  const raw = rawOf(sources);
  const candidates = [
    WHOLE.exec(envelopeId)?.[0],
    RETURN_PATH.exec(recipients)?.[1],
    OWN_FIELD.exec(returned)?.[1],
    LOCAL_PART.exec(messageIdIn(returned) ?? "")?.[1],
    OWN_FIELD.exec(text)?.[1],
    LOCAL_PART.exec(messageIdIn(text) ?? "")?.[1],
    OWN_FIELD.exec(raw)?.[1],
    LOCAL_PART.exec(messageIdIn(raw) ?? "")?.[1],
    LOCAL_PART.exec(answered)?.[1],
  ];
  return candidates.find((id) => id !== undefined)?.toUpperCase();
}

/** Returns the Message-ID of the mail that a report is about, with brackets. */
export function returnedIdIn(sources: IdSources): string | undefined {
  const { returned, text, answered } = sources;
  const written = messageIdIn(returned) ?? messageIdIn(text) ?? messageIdIn(rawOf(sources));
  return written ?? /<[^<>\s]{3,500}>/.exec(answered)?.[0];
}

/** Returns the raw report where its parts name no mail. Another mail's id must not be taken. */
function rawOf({ returned, text, raw }: IdSources): string {
  return messageIdIn(returned) === undefined && messageIdIn(text) === undefined ? raw : "";
}

/** Returns the first Message-ID field in a text, with brackets. Heads of reports are skipped where another one follows. */
function messageIdIn(text: string): string | undefined {
  const heads = [...text.matchAll(MESSAGE_ID)].slice(0, MAX_HEADS);
  const returned = heads.find(({ index }) => !REPORTER.test(headAround(text, index)));
  return (returned ?? heads[0])?.[1];
}

/** Returns the lines around a field, up to the next empty lines. */
function headAround(text: string, at: number): string {
  const before = text.slice(Math.max(0, at - MAX_HEAD_CHARS), at).split(/\r?\n[ \t>]{0,9}\r?\n/);
  const behind = text.slice(at, at + MAX_HEAD_CHARS).split(/\r?\n[ \t>]{0,9}\r?\n/);
  return `${before.at(-1)}${behind[0]}`;
}
