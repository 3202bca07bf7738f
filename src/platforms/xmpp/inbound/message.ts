import { xml } from "@xmpp/client";
import { ulid } from "ulid";
import { toEventError } from "../../../model/failure.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import { bare, resource } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { attr, type Brought, type Me, refusedBy, stampOf } from "./inbound.ts";
import { content, type Meaning } from "./message-content.ts";

const NS_CARBONS = "urn:xmpp:carbons:2";
const NS_FORWARD = "urn:xmpp:forward:0";
const NS_RECEIPTS = "urn:xmpp:receipts";
const NS_MARKERS = "urn:xmpp:chat-markers:0";
const NS_SID = "urn:xmpp:sid:0";
/** Ids that we gave: an activity's, and a target's number where it had several. */
const OURS = /^([0-9A-HJKMNP-TV-Z]{26})(\.\d+)?$/;

/** Where a message came from besides the live stream: an archive's id and time of it. */
export interface Filed {
  readonly id: string;
  readonly stamp: string | undefined;
}

/** What a message means. `filed` where an archive handed it out. */
export function messageIn(stanza: Stanza, me: Me, filed?: Filed): Brought {
  const carbon = carbonOf(stanza, me);
  const message = carbon ?? stanza;
  if (message.attrs.type === "error") return failedOf(message);
  if (message.attrs.type === "groupchat") return roomMessage(message, me, filed);
  return directMessage(message, me, filed, carbon === undefined && filed === undefined);
}

/** What a copy from another session of the account holds (XEP-0280): only our own server may say so. */
function carbonOf(stanza: Stanza, me: Me): Stanza | undefined {
  const from = attr(stanza, "from");
  if (from !== undefined && from !== me.bare) return undefined;
  const copy = stanza.getChild("received", NS_CARBONS) ?? stanza.getChild("sent", NS_CARBONS);
  return copy?.getChild("forwarded", NS_FORWARD)?.getChild("message");
}

function failedOf(message: Stanza): Brought {
  const ours = OURS.exec(attr(message, "id") ?? "");
  const error = message.getChild("error");
  if (!ours?.[1] || !error) return {};
  const note = toEventError(refusedBy(message));
  return { report: { id: ours[1], status: "failed", error: note, ...targetOf(ours[2], message) } };
}

function directMessage(message: Stanza, me: Me, filed: Filed | undefined, live: boolean): Brought {
  const from = attr(message, "from") ?? me.bare;
  const self = bare(from) === me.bare;
  // What this app's own sessions sent it knows from its results.
  if (self && resource(from).startsWith(me.prefix)) return {};
  const report = self ? undefined : reportOf(message);
  if (report) return { report };
  const meaning = content(message, attr(message.getChild("origin-id", NS_SID), "id") ?? attr(message, "id"));
  if (!meaning) return {};
  const archived = filed?.id ?? sidOf(message, me.bare);
  const arrival: InboundEvent = {
    key: keyOf(message, from, archived),
    event: {
      platform: "xmpp",
      ...eventOf(meaning, message, filed),
      actor: { address: bare(from), id: from },
      target: [{ address: me.address }],
      context: { type: "direct", id: peerOf(message, me, self ? attr(message, "to") : from) },
      self,
    },
    ...(archived === undefined ? {} : { state: { name: "archive", value: archived } }),
  };
  const answer = live && !self ? receiptFor(message, from) : undefined;
  return answer ? { arrival, answer } : { arrival };
}

/** Whom it is with: in a room's private conversation the nickname is part of that. */
function peerOf(message: Stanza, me: Me, peer = me.bare): string {
  const isPrivate = me.rooms.has(bare(peer)) || message.getChild("x", "http://jabber.org/protocol/muc#user");
  return isPrivate ? peer : bare(peer);
}

/** What an event says of the message itself. */
function eventOf({ verb, object }: Meaning, message: Stanza, filed: Filed | undefined) {
  const id = object.id === undefined ? {} : { id: String(object.id) };
  return { verb, object, ...id, published: filed?.stamp ?? stampOf(message) ?? new Date().toISOString() };
}

/** Only what was stored is called received (XEP-0184). */
function receiptFor(message: Stanza, from: string): Stanza | undefined {
  const id = attr(message, "id");
  if (id === undefined || !message.getChild("request", NS_RECEIPTS)) return undefined;
  const received = xml("received", { xmlns: NS_RECEIPTS, id });
  return xml("message", { to: from, type: "chat" }, received, xml("store", { xmlns: "urn:xmpp:hints" }));
}

function reportOf(message: Stanza): Brought["report"] {
  const received = OURS.exec(attr(message.getChild("received", NS_RECEIPTS), "id") ?? "");
  const displayed = OURS.exec(attr(message.getChild("displayed", NS_MARKERS), "id") ?? "");
  const ours = displayed ?? received;
  if (!ours?.[1]) return undefined;
  return { id: ours[1], status: displayed ? "read" : "delivered", ...targetOf(ours[2], message) };
}

/** Who of several targets says so; an id without a number was for one. */
function targetOf(number: string | undefined, message: Stanza): { readonly target?: string } {
  const from = attr(message, "from");
  return number === undefined || from === undefined ? {} : { target: bare(from) };
}

function roomMessage(message: Stanza, me: Me, filed: Filed | undefined): Brought {
  const from = attr(message, "from") ?? "";
  const room = bare(from);
  const nick = resource(from);
  const id = filed?.id ?? sidOf(message, room);
  const entry = me.rooms.get(room);
  const meaning = entry && content(message, id ?? attr(message, "id"), { room: true });
  // A room without a topic says so to who enters.
  if (!meaning || (meaning.object.topic === "" && nick === "")) return {};
  const messageId = attr(message, "id");
  const object = { ...meaning.object, ...(messageId === undefined || messageId === id ? {} : { messageId }) };
  const event = eventOf({ ...meaning, object }, message, filed);
  const arrival: InboundEvent = {
    key: keyOf(message, from, id === undefined ? undefined : `${room} ${id}`),
    event: {
      platform: "xmpp",
      ...event,
      actor: { address: from, ...(nick === "" ? {} : { name: nick.slice(0, 256) }) },
      target: [{ address: me.address }],
      context: { type: "room", id: room },
      self: nick !== "" && nick === entry.nick,
    },
    // Rooms without an archive are asked for what came since.
    state: { name: `archive ${room}`, value: id ?? `@${event.published}` },
  };
  return { arrival };
}

/** The id under which an archive keeps it (XEP-0359): only the archive's owner may give it. */
function sidOf(message: Stanza, by: string): string | undefined {
  const own = message.getChildren("stanza-id", NS_SID).find((one) => attr(one, "by") === by);
  return attr(own, "id");
}

function keyOf(message: Stanza, from: string, filed: string | undefined): string {
  if (filed !== undefined) return `s ${filed}`;
  const origin = attr(message.getChild("origin-id", NS_SID), "id");
  if (origin !== undefined) return `o ${bare(from)} ${origin}`;
  const id = attr(message, "id");
  // Topics have no id: those said again to who enters are stamped, those said now are new.
  return id === undefined ? `t ${from} ${stampOf(message) ?? ulid()}` : `m ${from} ${id}`;
}
