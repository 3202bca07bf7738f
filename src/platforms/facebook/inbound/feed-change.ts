import { optional } from "../../../model/optional.ts";
import { attachmentsOf } from "./attachments.ts";
import { type EntryContext, type InboundResult, inboundEvent } from "./inbound.ts";
import { digestOf, idOf, type JsonRecord, recordOf, secondsOrMs, textOf, withoutUndefined } from "./json.ts";

const REACTIONS = new Set(["like", "reaction"]);

interface Change {
  readonly value: JsonRecord;
  readonly page: string;
  /** Facebook's kind of the object: `comment`, `status`, `photo`, `like` and others. */
  readonly item: string;
  readonly action: string;
  readonly published: string;
  /** Part of the key. Changes without a time have a digest. */
  readonly stamp: string;
}

/** Reads an item of `changes`. Posts, comments and likes are added, changed, hidden and removed. */
export function readFeedChange({ field, value }: JsonRecord, { page, time }: EntryContext): InboundResult {
  const record = recordOf(value);
  const item = textOf(record.item, 32);
  if (field !== "feed" || item === undefined) return {};
  // An entry's time is in seconds here, in milliseconds beside messages.
  const knownTime = secondsOrMs(record.created_time) ?? secondsOrMs(time);
  const change: Change = {
    value: record,
    page,
    item,
    action: textOf(record.verb, 32) ?? "add",
    published: knownTime ?? new Date().toISOString(),
    stamp: knownTime === undefined ? digestOf(record) : String(Date.parse(knownTime)),
  };
  const id = idOf(record.comment_id) ?? idOf(record.post_id);
  if (id !== undefined) return REACTIONS.has(item) ? readReaction(change, id) : readPost(change, id);
  return item === "like" && authorOf(change) !== undefined ? readPageLike(change) : {};
}

function readReaction(change: Change, id: string): InboundResult {
  const verb = isRemoval(change.action) ? "unreact" : "react";
  const content = textOf(change.value.reaction_type, 32) ?? "like";
  return eventOf(change, verb, verb, id, { type: "reaction", id, content });
}

/** Reads a like of the Page itself as a follow: it names no post. */
function readPageLike(change: Change): InboundResult {
  const verb = isRemoval(change.action) ? "unfollow" : "follow";
  const { page } = change;
  return eventOf(change, verb, verb, page, { type: "person", id: page, address: page });
}

/**
 * Reads a change of a post or comment. Only an addition is a new post; hiding and unknown actions are updates without a text,
 * with Facebook's name of the action.
 */
function readPost(change: Change, id: string): InboundResult {
  const { value, item, action } = change;
  if (isRemoval(action)) return eventOf(change, "delete", "delete", id, { type: "message", id });
  if (action === "hide" || action === "unhide") {
    return eventOf(change, "update", action, id, { type: "message", id, facebook: { hidden: action === "hide" } });
  }
  const isNew = action === "add";
  const isEdit = /^(edit|edited|update)$/.test(action);
  if (!isNew && !isEdit) return eventOf(change, "update", action, id, { type: "message", id, facebook: { action } });
  const parent = item === "comment" ? (idOf(value.parent_id) ?? idOf(value.post_id)) : undefined;
  const object = withoutUndefined({
    type: "message",
    id,
    body: textOf(value.message),
    url: textOf(value.permalink_url ?? value.link, 2_048),
    inReplyTo: parent,
    attachments: attachmentsOf(filesOf(change)),
  });
  return eventOf(change, isNew ? "post" : "update", isNew ? "post" : "update", id, object);
}

/** Returns the photos and the video of a post or comment as attachments. */
function filesOf({ value, item }: Change): readonly JsonRecord[] {
  const photos = Array.isArray(value.photos) ? value.photos : [];
  const single = item === "photo" || item === "video" ? [{ type: item, url: value.link }] : [];
  const ofComment = [
    { type: "photo", url: value.photo },
    { type: "video", url: value.video },
  ].filter(({ url }) => typeof url === "string");
  return photos.length > 0 ? photos.map((url) => ({ type: "photo", url })) : [...single, ...ofComment];
}

function eventOf(change: Change, verb: string, action: string, id: string, object: JsonRecord): InboundResult {
  const { value, page, item, published, stamp } = change;
  const author = authorOf(change);
  const post = idOf(value.post_id);
  // Two edits within a second are one event.
  const key = `f:${item}:${action}:${id}:${author ?? ""}:${stamp}`;
  return inboundEvent(key, page, {
    verb,
    actor: { address: author ?? "unknown", ...optional("name", textOf(recordOf(value.from).name, 256)) },
    object,
    ...(post === undefined ? {} : { context: { type: "thread", id: post } }),
    id,
    published,
    self: author === page,
  });
}

function authorOf({ value }: Change): string | undefined {
  return idOf(recordOf(value.from).id);
}

function isRemoval(action: string): boolean {
  return action === "remove" || action === "delete";
}
