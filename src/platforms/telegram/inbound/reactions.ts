import { recordOf } from "../errors.ts";
import type { UpdateEvent } from "./updates.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Returns the changes between the old and new reactions of a person. */
export function reactionEvents({ message_id, old_reaction, new_reaction }: Fields): readonly UpdateEvent[] {
  const before = reactionsOf(old_reaction);
  const after = reactionsOf(new_reaction);
  const id = String(message_id);
  const event = (verb: string) => (content: string) => ({ verb, object: { type: "reaction", id, content } });
  return [
    ...before.filter((content) => !after.includes(content)).map(event("unreact")),
    ...after.filter((content) => !before.includes(content)).map(event("react")),
  ];
}

/** Emojis of a list of ReactionType; custom ones by their id. */
function reactionsOf(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value.slice(0, 20) : [];
  return list.flatMap((item) => {
    const { type, emoji, custom_emoji_id: custom } = recordOf(item);
    if (typeof emoji === "string") return [emoji.slice(0, 64)];
    if (typeof custom === "string") return [`custom:${custom.slice(0, 64)}`];
    return type === "paid" ? ["paid"] : [];
  });
}
