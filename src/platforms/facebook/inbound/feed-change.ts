import { type EntryContext, type InboundResult, inboundEvent } from "./inbound.ts";
import { idOf, type JsonRecord, recordOf, textOf, timeOf, withoutUndefined } from "./item.ts";

const REACTIONS = new Set(["like", "reaction"]);

/** One item of `changes`: a post, a comment or a like that came to the Page's feed, was changed or was taken back. */
export function readFeedChange({ field, value }: JsonRecord, { page, time }: EntryContext): InboundResult {
  const change = recordOf(value);
  const post = idOf(change.post_id);
  const id = idOf(change.comment_id) ?? post;
  const item = textOf(change.item, 32);
  // An entry's time is in seconds here, in milliseconds beside messages.
  const published = secondsOf(change.created_time) ?? secondsOf(time) ?? timeOf(time);
  const from = recordOf(change.from);
  const author = idOf(from.id);
  if (field !== "feed" || id === undefined || item === undefined || published === undefined) return {};
  const verb = verbOf(item, change.verb);
  const isReaction = REACTIONS.has(item);
  const parent = idOf(change.parent_id);
  const object = isReaction
    ? withoutUndefined({ type: "reaction", id, content: textOf(change.reaction_type, 32) ?? "like" })
    : withoutUndefined({
        type: "message",
        id,
        body: textOf(change.message),
        url: textOf(change.permalink_url ?? change.link, 2_048),
        inReplyTo: item === "comment" ? (parent ?? post) : undefined,
      });
  // What was edited twice in a second is told once.
  const key = `f:${item}:${verb}:${id}:${author ?? ""}:${Date.parse(published)}`;
  return inboundEvent(key, page, {
    verb,
    actor: withoutUndefined({ address: author ?? "unknown", name: textOf(from.name, 256) }),
    object,
    ...(post === undefined ? {} : { context: { type: "thread", id: post } }),
    id,
    published,
    self: author === page,
  });
}

function verbOf(item: string, done: unknown): string {
  const isReaction = REACTIONS.has(item);
  if (done === "remove" || done === "delete") return isReaction ? "unreact" : "delete";
  if (isReaction) return "react";
  if (done === "edit" || done === "edited" || done === "update") return "update";
  return item === "comment" ? "reply" : "post";
}

function secondsOf(value: unknown): string | undefined {
  return typeof value === "number" ? timeOf(value * 1_000) : undefined;
}
