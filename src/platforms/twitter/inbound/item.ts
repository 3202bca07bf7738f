import type { ActivityEvent } from "../../../model/event.ts";
import { optional } from "../../../model/optional.ts";
import type { Includes, XMessage, XPost, XUser } from "../client/response-schemas.ts";
import { timeOf } from "../schemas/address.ts";
import { attachmentsOf } from "./attachments.ts";

/** A post or message in the form of an `activity` event, whether received or fetched. */
export type Item = Pick<ActivityEvent, "verb" | "actor" | "object" | "context" | "id" | "published" | "self">;

/** Converts a post. `ownId` is the account's own id. */
export function postItem(post: XPost, includes: Includes | undefined, ownId: string): Item {
  const sharedId = referenceOf(post, "retweeted");
  return {
    verb: sharedId === undefined ? "post" : "share",
    actor: actorOf(post.author_id, includes),
    object: sharedId === undefined ? postObject(post, includes) : sharedObject(sharedId, post, includes),
    ...(post.conversation_id === undefined
      ? {}
      : { context: { type: "thread", id: `thread:${post.conversation_id}` } }),
    id: post.id,
    published: publishedAt(post.created_at, post.id),
    self: post.author_id === ownId,
  };
}

/** Returns a post's text with links expanded, its references and attachments. */
function postObject(post: XPost, includes: Includes | undefined): Readonly<Record<string, unknown>> {
  return {
    type: "message",
    id: post.id,
    body: textOf(post),
    ...optional("inReplyTo", referenceOf(post, "replied_to")),
    ...optional("quotes", referenceOf(post, "quoted")),
    ...optional("language", post.lang),
    ...optional("attachments", attachmentsOf(post.attachments?.media_keys, includes)),
  };
}

/**
 * Returns the original of a repost, whole, with its author. X cuts a repost's own text at 140 characters; where X includes
 * no original, the cut text is all there is, marked by `bodyTruncated`.
 */
function sharedObject(id: string, post: XPost, includes: Includes | undefined): Readonly<Record<string, unknown>> {
  const original = [...(includes?.posts ?? []), ...(includes?.tweets ?? [])].find((included) => included.id === id);
  const [prefix = "", name] = /^RT @([A-Za-z0-9_]{1,15}): /.exec(post.text) ?? [];
  const author = original?.author_id === undefined ? undefined : actorOf(original.author_id, includes);
  const isNamed = author?.address.startsWith("@") ?? false;
  const byName = name === undefined ? undefined : { address: `@${name}`, ...optional("id", original?.author_id) };
  const whole = original
    ? postObject(original, includes)
    : { ...postObject(post, includes), id, body: textOf(post).slice(prefix.length), ...truncation(post) };
  return { ...whole, ...optional("author", isNamed ? author : (byName ?? author)) };
}

const truncation = ({ text }: XPost) => (text.endsWith("…") ? { bodyTruncated: true } : {});

function referenceOf(post: XPost, type: string): string | undefined {
  const references = post.referenced_posts ?? post.referenced_tweets;
  return references?.find((reference) => reference.type === type)?.id;
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
      body: expandLinks(message.text ?? "", message.entities),
      ...optional("attachments", attachmentsOf(message.attachments?.media_keys, includes)),
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
  const user: XUser | undefined = includes?.users?.find((included) => included.id === id);
  return {
    address: user?.username === undefined ? (id ?? "unknown") : `@${user.username}`,
    ...optional("id", id),
    ...optional("name", user?.name?.slice(0, 256)),
  };
}

/** Returns a post's whole text with links expanded. Long posts have a second text with separate links. */
function textOf(post: XPost): string {
  const note = post.note_post ?? post.note_tweet;
  return note ? expandLinks(note.text, note.entities) : expandLinks(post.text, post.entities);
}

/** Returns the text as the author wrote it. Short links are expanded, links to the post's own media are removed. */
function expandLinks(text: string, entities: XPost["entities"]): string {
  let body = text;
  for (const { url, expanded_url: expanded, media_key: media } of entities?.urls ?? []) {
    body = body.replaceAll(url, media === undefined ? (expanded ?? url) : "");
  }
  return unescapeHtml(body).trimEnd();
}

function unescapeHtml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function publishedAt(createdAt: string | undefined, id: string): string {
  const time = Date.parse(createdAt ?? "");
  return new Date(Number.isNaN(time) ? timeOf(id) : time).toISOString();
}
