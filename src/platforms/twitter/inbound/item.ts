import type { ActivityEvent } from "../../../model/event.ts";
import type { Includes, XMessage, XPost, XUser } from "../client/response-schemas.ts";
import { timeOf } from "../schemas/address.ts";

/** A post or message in the form of an `activity` event, whether received or fetched. */
export type Item = Pick<ActivityEvent, "verb" | "actor" | "object" | "context" | "id" | "published" | "self">;

/** Converts a post. `ownId` is the account's own id. */
export function postItem(post: XPost, includes: Includes | undefined, ownId: string): Item {
  const references = post.referenced_posts ?? post.referenced_tweets;
  const reference = (type: string) => references?.find((entry) => entry.type === type)?.id;
  const note = post.note_post ?? post.note_tweet;
  const shared = reference("retweeted");
  const quote = reference("quoted");
  const inReplyTo = reference("replied_to");
  const body = plainText(note?.text ?? post.text, note ? undefined : post);
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
    published: publishedAt(post.created_at, post.id),
    self: post.author_id === ownId,
  };
}

/** Converts a direct message. */
export function messageItem(message: XMessage, includes: Includes | undefined, ownId: string): Item {
  const { dm_conversation_id: conversation } = message;
  return {
    verb: "send",
    actor: actorOf(message.sender_id, includes),
    object: {
      type: "message",
      id: message.id,
      body: unescapeHtml(message.text ?? ""),
      ...mediaOf(message.attachments?.media_keys, includes),
    },
    ...(conversation === undefined
      ? {}
      : { context: { type: conversation.includes("-") ? "direct" : "room", id: `conversation:${conversation}` } }),
    id: message.id,
    published: publishedAt(message.created_at, message.id),
    self: message.sender_id === ownId,
  };
}

/** Returns a person as `actor`: by name where X gave it, else by id. */
export function actorOf(id: string | undefined, includes: Includes | undefined): Item["actor"] {
  const user: XUser | undefined = includes?.users?.find((candidate) => candidate.id === id);
  return {
    address: user?.username === undefined ? (id ?? "unknown") : `@${user.username}`,
    ...(id === undefined ? {} : { id }),
    ...(user?.name === undefined ? {} : { name: user.name.slice(0, 256) }),
  };
}

/** Returns the text as its author wrote it: short links expanded, links to the post's own media removed. */
export function plainText(text: string, post?: Pick<XPost, "entities">): string {
  let body = text;
  for (const { url, expanded_url: expanded, media_key: media } of post?.entities?.urls ?? []) {
    body = body.replaceAll(url, media === undefined ? (expanded ?? url) : "");
  }
  return unescapeHtml(body).trimEnd();
}

function unescapeHtml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function mediaOf(keys: readonly string[] | null | undefined, includes: Includes | undefined) {
  const media = (keys ?? []).flatMap((key) => includes?.media?.filter((entry) => entry.media_key === key) ?? []);
  const attachments = media.map(({ type = "media", url, preview_image_url: preview, alt_text: alt }) => ({
    type,
    ...((url ?? preview) === undefined ? {} : { url: url ?? preview }),
    ...(alt === undefined ? {} : { alt }),
  }));
  return attachments.length === 0 ? {} : { attachments };
}

function publishedAt(createdAt: string | undefined, id: string): string {
  const time = Date.parse(createdAt ?? "");
  return new Date(Number.isNaN(time) ? timeOf(id) : time).toISOString();
}
