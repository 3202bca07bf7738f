import type { Attachment } from "../model/activity.ts";
import { isUndelivered } from "./dead-letter-policy.ts";
import type { DeadLetter } from "./dead-letters.ts";

/** Returns the rid of a replay. Each try has the same rid, so that two replays send once. */
export function replayRid({ activity }: DeadLetter): string {
  return `replay.${activity.id}`;
}

/**
 * Makes the activity that replays a dead letter, at once, to undelivered targets only. Undefined when the contents of
 * attachments are not kept any more.
 */
export function replayRequest(letter: DeadLetter, blobs: ReadonlyMap<string, Buffer>): object | undefined {
  const { id: _, rid: __, traceparent: ____, target, object, options, ...rest } = letter.activity;
  const outcomes = letter.result.target;
  const undelivered = target.filter((_target, index) => {
    const outcome = outcomes[index];
    return outcome === undefined || isUndelivered(outcome);
  });
  const { sendAt: ___, ...remaining } = options ?? {};
  const attachments = (object.attachments ?? []) as readonly Attachment[];
  if (attachments.some(({ url }, index) => url === undefined && !blobs.has(String(index)))) return undefined;
  const withContent = attachments.map((attachment, index) => {
    const content = blobs.get(String(index));
    return content === undefined ? attachment : { ...attachment, content: content.toString("base64") };
  });
  return {
    ...rest,
    rid: replayRid(letter),
    ...(target.length === 0 ? {} : { target: undelivered }),
    object: attachments.length === 0 ? object : { ...object, attachments: withContent },
    ...(Object.keys(remaining).length === 0 ? {} : { options: remaining }),
  };
}
