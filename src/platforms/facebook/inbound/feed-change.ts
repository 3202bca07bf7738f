import { arrived, type Brought, type PushedTo } from "./inbound.ts";
import { type Bag, bag, idOf, known, textIn, timeOf } from "./item.ts";

const REACTIONS = new Set(["like", "reaction"]);

/** One item of `changes`: a post, a comment or a like that came to the Page's feed, was changed or was taken back. */
export function changed({ field, value }: Bag, { page, time }: PushedTo): Brought {
  const change = bag(value);
  const post = idOf(change.post_id);
  const id = idOf(change.comment_id) ?? post;
  const item = textIn(change.item, 32);
  // An entry's time is in seconds here, in milliseconds beside messages.
  const published = secondsOf(change.created_time) ?? secondsOf(time) ?? timeOf(time);
  const from = bag(change.from);
  const author = idOf(from.id);
  if (field !== "feed" || id === undefined || item === undefined || published === undefined) return {};
  const verb = verbOf(item, change.verb);
  const isReaction = REACTIONS.has(item);
  const parent = idOf(change.parent_id);
  const object = isReaction
    ? known({ type: "reaction", id, content: textIn(change.reaction_type, 32) ?? "like" })
    : known({
        type: "message",
        id,
        body: textIn(change.message),
        url: textIn(change.permalink_url ?? change.link, 2_048),
        inReplyTo: item === "comment" ? (parent ?? post) : undefined,
      });
  // What was edited twice in a second is told once.
  const key = `f:${item}:${verb}:${id}:${author ?? ""}:${Date.parse(published)}`;
  return arrived(key, page, {
    verb,
    actor: known({ address: author ?? "unknown", name: textIn(from.name, 256) }),
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
