import type { Attachment } from "../model/activity.ts";
import { isUndelivered } from "./dead-letter-policy.ts";
import type { DeadLetter } from "./dead-letters.ts";

/** The rid of a replay: the same at each try, so that two of them send once. */
export function replayRid({ activity }: DeadLetter): string {
  return `replay.${activity.id}`;
}

/**
 * A dead letter as it would be posted again: at once, and only to the targets that are worth it. Undefined when the
 * contents of its attachments are not kept any more.
 */
export function replayRequest(letter: DeadLetter, blobs: ReadonlyMap<string, Buffer>): object | undefined {
  const { id: _, rid: __, target, object, options, ...rest } = letter.activity;
  const outcomes = letter.result.target;
  const worthIt = target.filter((_target, at) => outcomes[at] === undefined || isUndelivered(outcomes[at]));
  const { sendAt: ___, ...kept } = options ?? {};
  const attachments = (object.attachments ?? []) as readonly Attachment[];
  if (attachments.some(({ url }, at) => url === undefined && !blobs.has(String(at)))) return undefined;
  const whole = attachments.map((one, at) => {
    const content = blobs.get(String(at));
    return content === undefined ? one : { ...one, content: content.toString("base64") };
  });
  return {
    ...rest,
    rid: replayRid(letter),
    ...(target.length === 0 ? {} : { target: worthIt }),
    object: attachments.length === 0 ? object : { ...object, attachments: whole },
    ...(Object.keys(kept).length === 0 ? {} : { options: kept }),
  };
}
