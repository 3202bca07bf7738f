import { threadOf } from "./conversation-id.ts";
import { arrived, type Brought, type PushedTo } from "./inbound.ts";
import { attachmentsIn, type Bag, bag, type Item, idOf, known, textIn, timeOf } from "./item.ts";
import { isOwn } from "./metadata.ts";

/** What Messenger texts may be. */
const BODY_MOST = 20_000;

interface Talk extends PushedTo {
  /** The person, whoever of the two speaks. */
  readonly person: string;
  readonly published: string;
  readonly stamp: string;
}

/** One item of `messaging`: a message, an echo of the Page's own, a receipt, a reaction, an edit, a pressed button. */
export function messaged(one: Bag, to: PushedTo): Brought {
  const ends = [idOf(bag(one.sender).id), idOf(bag(one.recipient).id)];
  const person = ends.find((id) => id !== to.page);
  const published = timeOf(one.timestamp) ?? timeOf(to.time);
  if (!ends.includes(to.page) || person === undefined || published === undefined) return {};
  const talk: Talk = { ...to, person, published, stamp: String(Date.parse(published)) };
  const { message, delivery, read, reaction, postback, message_edit: edit } = one;
  if (message !== undefined) return message_(bag(message), talk);
  if (delivery !== undefined) return receipt(bag(delivery), "delivered", talk);
  if (read !== undefined) return receipt(bag(read), "read", talk);
  if (reaction !== undefined) return reacted(bag(reaction), talk, ends[0] === to.page);
  if (postback !== undefined) return pressed(bag(postback), talk);
  return edit === undefined ? {} : edited(bag(edit), talk);
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

function message_(message: Bag, talk: Talk): Brought {
  const id = idOf(message.mid);
  const isEcho = message.is_echo === true;
  // What the app sent itself is told by its rid's events.
  if (id === undefined || (isEcho && isOwn(message.metadata, talk.app))) return {};
  const object = known({
    type: "message",
    id,
    body: textIn(message.text, BODY_MOST),
    attachments: attachmentsIn(message.attachments),
    inReplyTo: idOf(bag(message.reply_to).mid),
    quickReply: textIn(bag(message.quick_reply).payload, 1_000),
  });
  return arrived(`m:${id}`, talk.page, said(talk, { verb: "send", object, id }, isEcho));
}

/** A receipt covers everything up to its watermark, which may name no message at all. */
function receipt({ watermark }: Bag, status: "delivered" | "read", { page, person }: Talk): Brought {
  if (timeOf(watermark) === undefined) return {};
  return { report: { conversation: threadOf(page, person), until: watermark as number, status, target: person } };
}

function reacted(reaction: Bag, talk: Talk, self: boolean): Brought {
  const mid = idOf(reaction.mid);
  if (mid === undefined) return {};
  const verb = reaction.action === "unreact" ? "unreact" : "react";
  const content = textIn(reaction.emoji, 64) ?? textIn(reaction.reaction, 64);
  const object = known({ type: "reaction", id: mid, content });
  return arrived(`r:${talk.person}:${mid}:${verb}:${talk.stamp}`, talk.page, said(talk, { verb, object }, self));
}

function pressed(postback: Bag, talk: Talk): Brought {
  const id = idOf(postback.mid);
  const object = known({
    type: "message",
    id,
    body: textIn(postback.title, BODY_MOST),
    postback: textIn(postback.payload, 1_000),
  });
  const key = id === undefined ? `p:${talk.person}:${talk.stamp}` : `m:${id}`;
  return arrived(key, talk.page, said(talk, { verb: "send", object, ...(id === undefined ? {} : { id }) }));
}

function edited(edit: Bag, talk: Talk): Brought {
  const id = idOf(edit.mid);
  if (id === undefined) return {};
  const object = known({ type: "message", id, body: textIn(edit.text, BODY_MOST) });
  const nth = typeof edit.num_edit === "number" ? edit.num_edit : talk.stamp;
  return arrived(`e:${id}:${nth}`, talk.page, said(talk, { verb: "update", object, id }));
}
