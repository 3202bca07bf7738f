import { setImmediate as nextTurn } from "node:timers/promises";
import { type Activity, type Attachment, MAX_ATTACHMENT_BYTES } from "../model/activity.ts";
import { Base64Check } from "../model/base64.ts";
import { Refusal } from "../model/refusal.ts";
import { isObject } from "./normalize.ts";
import { slicesOf } from "./slices.ts";

type PostedActivity = Omit<Activity, "id" | "rid">;

/** An activity without the contents of its attachments, and these by index. */
export interface SeparatedContents {
  readonly activity: PostedActivity;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

/**
 * Moves attachments' contents out of the activity, to be stored under a separate key.
 * Throws `Refusal`: `validation-failed` for an attachment with neither content nor url, or both; `payload-too-large`.
 */
export async function separateContents(activity: PostedActivity): Promise<SeparatedContents> {
  const attachments = activity.object.attachments as ReadonlyArray<Attachment | string> | undefined;
  const blobs = new Map<string, Buffer>();
  // Strings name attachments to read, as in `fetch`.
  if (!attachments?.some((attachment) => typeof attachment === "object")) return { activity, blobs };
  let total = 0;
  const light: Array<Omit<Attachment, "content"> | string> = [];
  for (const [index, posted] of attachments.entries()) {
    if (typeof posted === "string") {
      light.push(posted);
      continue;
    }
    const { content, ...attachment } = posted;
    if ((content === undefined) === (attachment.url === undefined)) throw neitherOrBoth(index);
    light.push(attachment);
    if (content === undefined) continue;
    const bytes = await decodeBase64(content);
    total += bytes.length;
    if (total > MAX_ATTACHMENT_BYTES) {
      throw new Refusal("payload-too-large", "Attachments may have 10 MiB together; give a url for larger ones.");
    }
    blobs.set(String(index), bytes);
  }
  return { activity: { ...activity, object: { ...activity.object, attachments: light } }, blobs };
}

const LONG_CONTENT = 64 * 1024;

/** Checks long contents for base64 in slices. Other requests are served in between. */
export async function checkContents(posted: Readonly<Record<string, unknown>>): Promise<ReadonlyMap<string, boolean>> {
  const results = new Map<string, boolean>();
  const attachments = isObject(posted.object) ? posted.object.attachments : undefined;
  for (const attachment of Array.isArray(attachments) ? (attachments as readonly unknown[]) : []) {
    const content = isObject(attachment) ? attachment.content : undefined;
    if (typeof content !== "string" || content.length <= LONG_CONTENT) continue;
    const check = new Base64Check();
    for (const slice of slicesOf(content)) {
      check.add(slice);
      await nextTurn();
    }
    results.set(content, check.isValid);
  }
  return results;
}

/** Decodes checked base64 in slices, so that other requests are served in between. */
export async function decodeBase64(text: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let carried = "";
  for (const slice of slicesOf(text)) {
    const digits = carried + slice.replaceAll(/[\r\n]/g, "");
    const whole = digits.length - (digits.length % 4);
    parts.push(Buffer.from(digits.slice(0, whole), "base64"));
    carried = digits.slice(whole);
    if (slice.length < text.length) await nextTurn();
  }
  parts.push(Buffer.from(carried, "base64"));
  return Buffer.concat(parts);
}

function neitherOrBoth(index: number): Refusal {
  return new Refusal("validation-failed", "An attachment has either content or url.", [
    { pointer: `/object/attachments/${index}`, detail: "must have either content or url" },
  ]);
}
