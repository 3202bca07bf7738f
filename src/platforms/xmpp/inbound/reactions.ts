import type { MessageMemory } from "../client/memory.ts";
import type { MessageContent } from "./message-content.ts";

/**
 * Turns an author's complete set of reactions into `react` and `unreact`. Compares with the remembered set. An empty
 * set without a known one before takes all reactions back.
 */
export function reactionChanges(
  { object, reactions = [] }: MessageContent,
  author: string,
  { reactions: sets }: Pick<MessageMemory, "reactions">,
): readonly MessageContent[] {
  const key = `${author} ${String(object.id)}`;
  const before = sets.get(key);
  sets.set(key, reactions);
  if (before === undefined && reactions.length === 0) return [{ verb: "unreact", object }];
  const added = reactions.filter((content) => !before?.includes(content));
  const removed = (before ?? []).filter((content) => !reactions.includes(content));
  return [
    ...removed.map((content): MessageContent => ({ verb: "unreact", object: { ...object, content } })),
    ...added.map((content): MessageContent => ({ verb: "react", object: { ...object, content } })),
  ];
}
