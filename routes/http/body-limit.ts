import { MAX_PLAIN_BODY_BYTES } from "./json-body.ts";
import { Problem } from "./problem.ts";

/** A body over the plain limit is only taken for attachments' sake; throws `Problem` `payload-too-large`. */
export function checkBodySize(posted: unknown, bytes: number): void {
  const items = Array.isArray(posted) ? posted : [posted];
  if (bytes > MAX_PLAIN_BODY_BYTES * Math.max(1, items.length) && !items.some(hasAttachments)) {
    throw new Problem("payload-too-large", "Without attachments an activity may weigh 64 kB.");
  }
}

function hasAttachments(value: unknown): boolean {
  const object = (value as { object?: { attachments?: unknown } } | null)?.object;
  return Array.isArray(object?.attachments) && object.attachments.length > 0;
}
