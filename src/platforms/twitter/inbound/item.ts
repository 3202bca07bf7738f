import type { ActivityEvent } from "../../../model/event.ts";
import type { Includes, XMessage, XPost, XUser } from "../client/response-schemas.ts";
import { timeOf } from "../schemas/address.ts";

/** Something that was said at X, in the shape of an `activity` event, whether it arrived or was fetched. */
export type Item = Pick<ActivityEvent, "verb" | "actor" | "object" | "context" | "id" | "published" | "self">;

/** Puts a post into our words. `me` is the account's own id. */
export function postItem(post: XPost, includes: Includes | undefined, me: string): Item {
  const references = post.referenced_posts ?? post.referenced_tweets;
  const reference = (type: string) => references?.find((one) => one.type === type)?.id;
  const note = post.note_post ?? post.note_tweet;
  const shared = reference("retweeted");
  const quote = reference("quoted");
  const inReplyTo = reference("replied_to");
  const body = plain(note?.text ?? post.text, note ? undefined : post);
  return {
    verb: shared === undefined ? "post" : "share",
    actor: actorOf(post.author_id, includes),
    object: {
      type: "message",
      id: shared ?? post.id,
      body,
      ...(inReplyTo === undefined ? {} : { inReplyTo }),
      ...(quote === undefined ? {} : { quote }),
      ...(post.lang === undefined ? {} : { language: post.lang }),
      ...mediaOf(post.attachments?.media_keys, includes),
    },
    ...(post.conversation_id === undefined ? {} : { context: { type: "thread", id: post.conversation_id } }),
    id: post.id,
    published: timeIn(post.created_at, post.id),
    self: post.author_id === me,
  };
}

/** Puts a direct message into our words. */
export function messageItem(message: XMessage, includes: Includes | undefined, me: string): Item {
  const { dm_conversation_id: conversation } = message;
  return {
    verb: "send",
    actor: actorOf(message.sender_id, includes),
    object: {
      type: "message",
      id: message.id,
      body: unescaped(message.text ?? ""),
      ...mediaOf(message.attachments?.media_keys, includes),
    },
    ...(conversation === undefined
      ? {}
      : { context: { type: conversation.includes("-") ? "direct" : "room", id: `conversation:${conversation}` } }),
    id: message.id,
    published: timeIn(message.created_at, message.id),
    self: message.sender_id === me,
  };
}

/** Somebody as `actor`: by name where X told it, else by id. */
export function actorOf(id: string | undefined, includes: Includes | undefined): Item["actor"] {
  const user: XUser | undefined = includes?.users?.find((one) => one.id === id);
  return {
    address: user?.username === undefined ? (id ?? "unknown") : `@${user.username}`,
    ...(id === undefined ? {} : { id }),
    ...(user?.name === undefined ? {} : { name: user.name.slice(0, 256) }),
  };
}

/** The text as its author wrote it: X's short links become what they lead to, those of its own media go. */
export function plain(text: string, post?: Pick<XPost, "entities">): string {
  let body = text;
  for (const { url, expanded_url: full, media_key: media } of post?.entities?.urls ?? []) {
    body = body.replaceAll(url, media === undefined ? (full ?? url) : "");
  }
  return unescaped(body).trimEnd();
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function mediaOf(keys: readonly string[] | null | undefined, includes: Includes | undefined) {
  const found = (keys ?? []).flatMap((key) => includes?.media?.filter(({ media_key: one }) => one === key) ?? []);
  const attachments = found.map(({ type = "media", url, preview_image_url: preview, alt_text: alt }) => ({
    type,
    ...((url ?? preview) === undefined ? {} : { url: url ?? preview }),
    ...(alt === undefined ? {} : { alt }),
  }));
  return attachments.length === 0 ? {} : { attachments };
}

function timeIn(createdAt: string | undefined, id: string): string {
  const at = Date.parse(createdAt ?? "");
  return new Date(Number.isNaN(at) ? timeOf(id) : at).toISOString();
}
