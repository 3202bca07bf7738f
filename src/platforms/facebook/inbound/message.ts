import { conversationIdOf } from "./conversation-id.ts";
import { type EntryContext, type InboundResult, inboundEvent } from "./inbound.ts";
import { attachmentsOf, type Item, idOf, type JsonRecord, recordOf, textOf, timeOf, withoutUndefined } from "./item.ts";
import { isOwnEcho } from "./metadata.ts";

/** What Messenger texts may be. */
const BODY_MOST = 20_000;

interface Talk extends EntryContext {
  /** The person, whoever of the two speaks. */
  readonly person: string;
  readonly published: string;
  readonly stamp: string;
}

/** One item of `messaging`: a message, an echo of the Page's own, a receipt, a reaction, an edit, a pressed button. */
export function readMessaging(one: JsonRecord, to: EntryContext): InboundResult {
  const ends = [idOf(recordOf(one.sender).id), idOf(recordOf(one.recipient).id)];
  const person = ends.find((id) => id !== to.page);
  const published = timeOf(one.timestamp) ?? timeOf(to.time);
  if (!ends.includes(to.page) || person === undefined || published === undefined) return {};
  const talk: Talk = { ...to, person, published, stamp: String(Date.parse(published)) };
  const { message, delivery, read, reaction, postback, message_edit: edit } = one;
  if (message !== undefined) return message_(recordOf(message), talk);
  if (delivery !== undefined) return receipt(recordOf(delivery), "delivered", talk);
  if (read !== undefined) return receipt(recordOf(read), "read", talk);
  if (reaction !== undefined) return reacted(recordOf(reaction), talk, ends[0] === to.page);
  if (postback !== undefined) return pressed(recordOf(postback), talk);
  return edit === undefined ? {} : edited(recordOf(edit), talk);
}

function said(talk: Talk, item: Pick<Item, "verb" | "object"> & { readonly id?: string }, self = false): Item {
  const { id, ...rest } = item;
  return {
    ...rest,
    actor: { address: self ? talk.page : talk.person },
    context: { type: "direct", id: talk.person },
    ...(id === undefined ? {} : { id }),
    published: talk.published,
    self,
  };
}

function message_(message: JsonRecord, talk: Talk): InboundResult {
  const id = idOf(message.mid);
  const isEcho = message.is_echo === true;
  // What the app sent itself is told by its rid's events.
  if (id === undefined || (isEcho && isOwnEcho(message.metadata, talk.app))) return {};
  const object = withoutUndefined({
    type: "message",
    id,
    body: textOf(message.text, BODY_MOST),
    attachments: attachmentsOf(message.attachments),
    inReplyTo: idOf(recordOf(message.reply_to).mid),
    quickReply: textOf(recordOf(message.quick_reply).payload, 1_000),
  });
  return inboundEvent(`m:${id}`, talk.page, said(talk, { verb: "send", object, id }, isEcho));
}

/** A receipt covers everything up to its watermark, which may name no message at all. */
function receipt({ watermark }: JsonRecord, status: "delivered" | "read", { page, person }: Talk): InboundResult {
  if (timeOf(watermark) === undefined) return {};
  return {
    receipt: { conversation: conversationIdOf(page, person), until: watermark as number, status, target: person },
  };
}

function reacted(reaction: JsonRecord, talk: Talk, self: boolean): InboundResult {
  const mid = idOf(reaction.mid);
  if (mid === undefined) return {};
  const verb = reaction.action === "unreact" ? "unreact" : "react";
  const content = textOf(reaction.emoji, 64) ?? textOf(reaction.reaction, 64);
  const object = withoutUndefined({ type: "reaction", id: mid, content });
  return inboundEvent(`r:${talk.person}:${mid}:${verb}:${talk.stamp}`, talk.page, said(talk, { verb, object }, self));
}

function pressed(postback: JsonRecord, talk: Talk): InboundResult {
  const id = idOf(postback.mid);
  const object = withoutUndefined({
    type: "message",
    id,
    body: textOf(postback.title, BODY_MOST),
    postback: textOf(postback.payload, 1_000),
  });
  const key = id === undefined ? `p:${talk.person}:${talk.stamp}` : `m:${id}`;
  return inboundEvent(key, talk.page, said(talk, { verb: "send", object, ...(id === undefined ? {} : { id }) }));
}

function edited(edit: JsonRecord, talk: Talk): InboundResult {
  const id = idOf(edit.mid);
  if (id === undefined) return {};
  const object = withoutUndefined({ type: "message", id, body: textOf(edit.text, BODY_MOST) });
  const nth = typeof edit.num_edit === "number" ? edit.num_edit : talk.stamp;
  return inboundEvent(`e:${id}:${nth}`, talk.page, said(talk, { verb: "update", object, id }));
}
