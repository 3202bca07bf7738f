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
}

const ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}";
const MESSAGE_ID = /^[ \t>]{0,9}message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{1,500}>)/im;

/** Returns our id of a mail from a report. The most reliable place comes first. */
export function activityIdIn({ envelopeId, returned, text, answered }: IdSources): string | undefined {
  const ownField = new RegExp(`^[ \\t>]{0,9}${ID_FIELD}:\\s*(${ULID})\\s*$`, "im");
  const localPart = new RegExp(`<(${ULID})@`, "i");
  const candidates = [
    new RegExp(`^${ULID}$`, "i").exec(envelopeId)?.[0],
    ownField.exec(returned)?.[1],
    localPart.exec(messageIdIn(returned) ?? "")?.[1],
    ownField.exec(text)?.[1],
    localPart.exec(messageIdIn(text) ?? "")?.[1],
    localPart.exec(answered)?.[1],
  ];
  return candidates.find((id) => id !== undefined)?.toUpperCase();
}

/** Returns the first Message-ID field in a text, with brackets. */
export function messageIdIn(text: string): string | undefined {
  return MESSAGE_ID.exec(text)?.[1];
}
