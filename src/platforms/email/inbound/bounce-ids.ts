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
const MESSAGE_ID = /^[ \t>]{0,9}message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,500}>)/im;

/** Returns our id of a mail from a report. The most reliable place comes first. */
export function activityIdIn({ envelopeId, returned, text, answered, recipients }: IdSources): string | undefined {
  const candidates = [
    WHOLE.exec(envelopeId)?.[0],
    RETURN_PATH.exec(recipients)?.[1],
    OWN_FIELD.exec(returned)?.[1],
    LOCAL_PART.exec(messageIdIn(returned) ?? "")?.[1],
    OWN_FIELD.exec(text)?.[1],
    LOCAL_PART.exec(messageIdIn(text) ?? "")?.[1],
    LOCAL_PART.exec(answered)?.[1],
  ];
  return candidates.find((id) => id !== undefined)?.toUpperCase();
}

/** Returns the first Message-ID field in a text, with brackets. */
export function messageIdIn(text: string): string | undefined {
  return MESSAGE_ID.exec(text)?.[1];
}
