import { xml } from "@xmpp/client";
import { noteOf } from "../../failure.ts";
import type { Arrival } from "../../platform.ts";
import { attr, type Brought, type Me, stampOf, textOf } from "./brought.ts";
import { refusal } from "./explain.ts";
import type { Stanza } from "./inside.ts";
import { bare, resource } from "./jid.ts";
import { content } from "./message-content.ts";

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
  return directMessage(message, me, { filed, live: carbon === undefined && filed === undefined });
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
  const condition = error.getChildElements().find(({ name }) => name !== "text")?.name ?? "";
  const note = noteOf(refusal(condition, attr(error, "type") ?? ""));
  return { report: { id: ours[1], status: "failed", error: note, ...targetOf(ours[2], message) } };
}

function directMessage(
  message: Stanza,
  me: Me,
  how: { readonly filed: Filed | undefined; readonly live: boolean },
): Brought {
  const from = attr(message, "from") ?? me.bare;
  const self = bare(from) === me.bare;
  // What this app's own sessions sent it knows from its results.
  if (self && resource(from).startsWith(me.prefix)) return {};
  const report = self ? undefined : reportOf(message);
  if (report) return { report };
  const meaning = content(message, attr(message.getChild("origin-id", NS_SID), "id") ?? attr(message, "id"));
  if (!meaning) return {};
  const peer = self ? (attr(message, "to") ?? me.bare) : from;
  const filed = how.filed?.id ?? sidOf(message, me.bare);
  const arrival: Arrival = {
    key: keyOf(message, from, filed),
    event: {
      platform: "xmpp",
      verb: meaning.verb,
      actor: { address: bare(from), id: from },
      target: [{ address: me.address }],
      object: meaning.object,
      // In a room's private conversation the nickname is part of whom it is with.
      context: { type: "direct", id: me.rooms.has(bare(peer)) ? peer : bare(peer) },
      ...(meaning.object.id === undefined ? {} : { id: String(meaning.object.id) }),
      published: how.filed?.stamp ?? stampOf(message) ?? new Date().toISOString(),
      self,
    },
    ...(filed === undefined ? {} : { note: { name: "archive", value: filed } }),
  };
  const answer = how.live && !self ? receiptFor(message, from) : undefined;
  return answer ? { arrival, answer } : { arrival };
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
  const meaning = content(message, id ?? attr(message, "id"), { room: true });
  if (!meaning || !me.rooms.has(room)) return {};
  const messageId = attr(message, "id");
  const published = filed?.stamp ?? stampOf(message) ?? new Date().toISOString();
  const arrival: Arrival = {
    key: keyOf(message, from, id === undefined ? undefined : `${room} ${id}`),
    event: {
      platform: "xmpp",
      verb: meaning.verb,
      actor: { address: from, ...(nick === "" ? {} : { name: nick.slice(0, 256) }) },
      target: [{ address: me.address }],
      object: { ...meaning.object, ...(messageId === undefined || messageId === id ? {} : { messageId }) },
      context: { type: "room", id: room },
      ...(meaning.object.id === undefined ? {} : { id: String(meaning.object.id) }),
      published,
      self: nick !== "" && nick === me.rooms.get(room)?.nick,
    },
    // Rooms without an archive are asked for what came since.
    note: { name: `archive ${room}`, value: id ?? `@${published}` },
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
  return id === undefined ? `t ${from} ${message.toString()}`.slice(0, 2_000) : `m ${from} ${id}`;
}
