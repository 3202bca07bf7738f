import type { Activity, Attachment } from "../../model/activity.ts";
import { atMost, PLAIN_TEXT, textIssue } from "../../platform/kit/rich-text/rich-text.ts";
import type { ValidationIssue } from "../../platform/platform.ts";
import { ACCEPTED_TYPES, MAX_IMAGE_BYTES, mediaTypeOf } from "./schemas/media-types.ts";
import { MAX_MESSAGE } from "./schemas/messages.ts";
import { MAX_POST_WEIGHT, weightedLength } from "./schemas/weighted-length.ts";

/** Maximum number of attachments. A post has four pictures, or one GIF or video; a message has one. */
const MAX_ATTACHMENTS = { post: 4, send: 1 } as const;

/** Checks what no schema can say. X limits the text's weight, media, and queries for people. */
export function validate(verb: string, activity: Omit<Activity, "id" | "rid">): ValidationIssue | undefined {
  const { object, target } = activity;
  if (verb === "post" || verb === "send")
    return (
      textIssue(object, PLAIN_TEXT, verb === "post" ? tooHeavy : atMost(MAX_MESSAGE)) ?? mediaIssue(verb, activity)
    );
  if (verb !== "search" || object.type !== "person") return undefined;
  const index = target.findIndex(({ address }) => !/^[A-Za-z0-9_' ]{1,50}$/.test(address));
  const detail = "is not a query for people: X accepts up to 50 letters, digits, spaces, ' and _";
  return index < 0 ? undefined : { code: "validation-failed", detail, pointer: `/target/${index}/address` };
}

function tooHeavy(text: string): string | undefined {
  return weightedLength(text) > MAX_POST_WEIGHT
    ? `weighs more than X's maximum of ${MAX_POST_WEIGHT}: links count 23, most other scripts and emoji double`
    : undefined;
}

/** Refuses attachments whose number, declared type or size X never accepts. */
function mediaIssue(verb: "post" | "send", { object }: Pick<Activity, "object">): ValidationIssue | undefined {
  const attachments = (object.attachments ?? []) as readonly Attachment[];
  const max = MAX_ATTACHMENTS[verb];
  if (attachments.length > max) return attachmentsIssue("", `must have at most ${max} items`);
  for (const [index, attachment] of attachments.entries()) {
    const issue = attachmentIssue(attachment, attachments.length > 1);
    if (issue) return attachmentsIssue(`/${index}${issue[0]}`, issue[1]);
  }
  return undefined;
}

function attachmentIssue(
  { mediaType, content = "" }: Attachment,
  hasOthers: boolean,
): readonly [pointer: string, detail: string] | undefined {
  if (mediaType === undefined) return undefined;
  const type = mediaTypeOf(mediaType);
  if (!type) return ["/mediaType", `must be one of ${ACCEPTED_TYPES}`];
  const bytes = Math.floor((content.length * 3) / 4);
  if (type.kind === "image" && bytes > MAX_IMAGE_BYTES + 4) return ["/content", "is a picture above 5 MB"];
  if (type.kind === "image" || !hasOthers) return undefined;
  return ["", "must be the only attachment: X accepts no others beside a GIF or a video"];
}

function attachmentsIssue(pointer: string, detail: string): ValidationIssue {
  return { code: "validation-failed", detail, pointer: `/object/attachments${pointer}` };
}
