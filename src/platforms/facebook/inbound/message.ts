import { attachmentsOf, locationOf, stickerOf } from "./attachments.ts";
import { readConversationEvent, referralOf } from "./conversation-event.ts";
import { conversationIdOf } from "./conversation-id.ts";
import type { EntryContext } from "./inbound.ts";
import { type InboundResult, inboundEvent } from "./inbound.ts";
import { idOf, type JsonRecord, recordOf, textOf, timeOf, withoutUndefined } from "./json.ts";
import { isOwnEcho } from "./metadata.ts";
import { itemOf, type Talk, talkOf } from "./talk.ts";

/** Maximum length of a Messenger text that is taken over. */
const MAX_BODY_LENGTH = 20_000;
/** The thumbs-up stickers of the like button, in three sizes. */
const LIKE_STICKERS = new Set(["369239263222822", "369239343222814", "369239383222810"]);

/**
 * Reads an item of `messaging` or `standby`. Items are messages, echoes, receipts, reactions, edits, deletions and pressed buttons. Other kinds become an `update` of the conversation, so that no item vanishes.
 */
export function readMessaging(item: JsonRecord, context: EntryContext): InboundResult {
  const talk = talkOf(item, context);
  if (!talk) return {};
  const { message, delivery, read, reaction, postback, message_edit: edit } = item;
  if (message !== undefined) return readMessage(recordOf(message), talk);
  if (delivery !== undefined) return readReceipt(recordOf(delivery), "delivered", talk);
  if (read !== undefined) return readReceipt(recordOf(read), "read", talk);
  if (reaction !== undefined) return readReaction(recordOf(reaction), talk);
  if (postback !== undefined) return readPostback(recordOf(postback), talk);
  return edit === undefined ? readConversationEvent(item, talk) : readEdit(recordOf(edit), talk);
}

function readMessage(message: JsonRecord, talk: Talk): InboundResult {
  const id = idOf(message.mid);
  const isEcho = message.is_echo === true;
  // The result of the activity's rid tells of messages that the app sent itself.
  if (id === undefined || (isEcho && isOwnEcho(message.metadata, talk.app))) return {};
  if (message.is_deleted === true) {
    return inboundEvent(`d:${id}`, talk.page, itemOf(talk, "delete", { type: "message", id }, { id, self: isEcho }));
  }
  return inboundEvent(`m:${id}`, talk.page, itemOf(talk, "send", contentOf(message, id), { id, self: isEcho }));
}

/** Returns the object of a message; `facebook` holds what the vocabulary has no term for. */
function contentOf(message: JsonRecord, id: string): JsonRecord {
  const { attachments } = message;
  const sticker = stickerOf(attachments);
  const isLike = sticker !== undefined && LIKE_STICKERS.has(sticker);
  const own = withoutUndefined({
    sticker,
    referral: message.referral === undefined ? undefined : referralOf(message.referral),
    unsupported: message.is_unsupported === true ? true : undefined,
  });
  return withoutUndefined({
    type: "message",
    id,
    body: textOf(message.text, MAX_BODY_LENGTH) ?? (isLike ? "👍" : undefined),
    attachments: attachmentsOf(attachments),
    location: locationOf(attachments),
    inReplyTo: idOf(recordOf(message.reply_to).mid),
    value: textOf(recordOf(message.quick_reply).payload, 1_000),
    facebook: Object.keys(own).length === 0 ? undefined : own,
  });
}

/** Reads a receipt. A receipt covers all messages up to the watermark and may name none. */
function readReceipt({ watermark }: JsonRecord, status: "delivered" | "read", { page, person }: Talk): InboundResult {
  if (typeof watermark !== "number" || timeOf(watermark) === undefined) return {};
  return { receipt: { conversation: conversationIdOf(page, person), until: watermark, status, target: person } };
}

function readReaction(reaction: JsonRecord, talk: Talk): InboundResult {
  const id = idOf(reaction.mid);
  if (id === undefined) return {};
  const verb = reaction.action === "unreact" ? "unreact" : "react";
  const content = textOf(reaction.emoji, 64) ?? textOf(reaction.reaction, 64);
  const object = withoutUndefined({ type: "reaction", id, content });
  const key = `r:${talk.person}:${id}:${verb}:${talk.stamp}`;
  return inboundEvent(key, talk.page, itemOf(talk, verb, object, { self: talk.isByPage }));
}

function readPostback(postback: JsonRecord, talk: Talk): InboundResult {
  const id = idOf(postback.mid);
  const object = withoutUndefined({
    type: "message",
    id,
    body: textOf(postback.title, MAX_BODY_LENGTH),
    value: textOf(postback.payload, 1_000),
    facebook: postback.referral === undefined ? undefined : { referral: referralOf(postback.referral) },
  });
  const key = id === undefined ? `p:${talk.person}:${talk.stamp}` : `m:${id}`;
  return inboundEvent(key, talk.page, itemOf(talk, "send", object, { id }));
}

function readEdit(edit: JsonRecord, talk: Talk): InboundResult {
  const id = idOf(edit.mid);
  if (id === undefined) return {};
  const object = withoutUndefined({ type: "message", id, body: textOf(edit.text, MAX_BODY_LENGTH) });
  const version = typeof edit.num_edit === "number" ? edit.num_edit : talk.stamp;
  return inboundEvent(`e:${id}:${version}`, talk.page, itemOf(talk, "update", object, { id }));
}
