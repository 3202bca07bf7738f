import type { Blob } from "../../../platform/platform.ts";
import type { MessageObject } from "../schemas/message.ts";

export const REPORT_TYPE = "multipart/report; report-type=delivery-status";

/**
 * Tells whether a mail is a delivery report (RFC 3464). The first attachment is a status, and the header says that a program
 * answers: a report that people forward is none.
 */
export function isDeliveryReport({ headers }: Pick<MessageObject, "headers">, [status]: readonly Blob[]): boolean {
  const isAutomatic = Object.entries(headers ?? {}).some(
    ([name, value]) => name.toLowerCase() === "auto-submitted" && /^auto-replied\b/i.test(value),
  );
  return isAutomatic && status?.mediaType?.toLowerCase() === "message/delivery-status";
}

/** Makes a part of a report. Programs read the status, so that it is not encoded (RFC 2046 section 5.2.1). */
export function reportPart({ content, mediaType = "application/octet-stream", name }: Blob) {
  const isText = /^text\//i.test(mediaType);
  return {
    filename: isText || /^message\//i.test(mediaType) ? (false as const) : name,
    // The composer chooses a text's encoding by its characters.
    content: isText ? content.toString("utf8") : content,
    contentType: mediaType,
    contentDisposition: "inline" as const,
    ...(isText ? { contentTransferEncoding: false as const } : {}),
  };
}
