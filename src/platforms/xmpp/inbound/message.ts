import { xml } from "@xmpp/client";
import { ulid } from "ulid";
import { toEventError } from "../../../model/failure.ts";
import type { DeliveryReceipt } from "../../../platform/connection.ts";
import type { Identity, InboundResult } from "../client/client.ts";
import { bare, resource } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { NS_MUC_USER } from "../client/rooms.ts";
import { attr, failureOf, stampOf } from "../client/stanza.ts";
import { type MessageContent, messageContent } from "./message-content.ts";

const NS_CARBONS = "urn:xmpp:carbons:2";
const NS_FORWARD = "urn:xmpp:forward:0";
const NS_RECEIPTS = "urn:xmpp:receipts";
const NS_MARKERS = "urn:xmpp:chat-markers:0";
const NS_SID = "urn:xmpp:sid:0";
/** Ids that this gateway gave: an activity's, plus the target's number where there were several. */
const ACTIVITY_ID = /^([0-9A-HJKMNP-TV-Z]{26})(\.\d+)?$/;

/** An archive's id and time of a message. */
export interface ArchivePosition {
  readonly id: string;
  readonly stamp: string | undefined;
}

/** Maps a message of the live stream, or of an archive where `archived` is given. */
export function inboundMessage(stanza: Stanza, identity: Identity, archived?: ArchivePosition): InboundResult {
  const carbon = carbonOf(stanza, identity);
  const message = carbon ?? stanza;
  if (message.attrs.type === "error") return failedReceipt(message);
  if (message.attrs.type === "groupchat") return roomMessage(message, identity, archived);
  return directMessage(message, identity, archived, carbon === undefined && archived === undefined);
}

/** Unwraps a carbon copy of another session's message (XEP-0280). Only the own server may send carbons. */
function carbonOf(stanza: Stanza, identity: Identity): Stanza | undefined {
  const from = attr(stanza, "from");
  if (from !== undefined && from !== identity.jid) return undefined;
  const copy = stanza.getChild("received", NS_CARBONS) ?? stanza.getChild("sent", NS_CARBONS);
  return copy?.getChild("forwarded", NS_FORWARD)?.getChild("message");
}

function failedReceipt(message: Stanza): InboundResult {
  const [, id, targetNumber] = ACTIVITY_ID.exec(attr(message, "id") ?? "") ?? [];
  if (id === undefined || !message.getChild("error")) return {};
  const error = toEventError(failureOf(message));
  return { receipt: { id, status: "failed", error, ...receiptTarget(targetNumber, message) } };
}

function directMessage(
  message: Stanza,
  identity: Identity,
  archived: ArchivePosition | undefined,
  isLive: boolean,
): InboundResult {
  const from = attr(message, "from") ?? identity.jid;
  const self = bare(from) === identity.jid;
  // Results already report the messages of this app's own sessions.
  if (self && resource(from).startsWith(identity.resourcePrefix)) return {};
  const receipt = self ? undefined : receiptOf(message);
  if (receipt) return { receipt };
  const content = messageContent(message, attr(message.getChild("origin-id", NS_SID), "id") ?? attr(message, "id"));
  if (!content) return {};
  const archiveId = archived?.id ?? stanzaIdBy(message, identity.jid);
  const event = {
    key: eventKey(message, from, archiveId),
    event: {
      platform: "xmpp",
      ...eventFields(content, message, archived),
      actor: { address: bare(from), id: from },
      target: [{ address: identity.address }],
      context: { type: "direct", id: peerOf(message, identity, self ? attr(message, "to") : from) },
      self,
    },
    ...(archiveId === undefined ? {} : { state: { name: "archive", value: archiveId } }),
  };
  const reply = isLive && !self ? receiptFor(message, from) : undefined;
  return reply ? { event, reply } : { event };
}

/** Returns the other side of a conversation; in a room's private conversation including the nickname. */
function peerOf(message: Stanza, identity: Identity, peer = identity.jid): string {
  const isPrivate = identity.rooms.has(bare(peer)) || message.getChild("x", NS_MUC_USER);
  return isPrivate ? peer : bare(peer);
}

function eventFields({ verb, object }: MessageContent, message: Stanza, archived: ArchivePosition | undefined) {
  const id = object.id === undefined ? {} : { id: String(object.id) };
  return { verb, object, ...id, published: archived?.stamp ?? stampOf(message) ?? new Date().toISOString() };
}

/** Builds the delivery receipt (XEP-0184) that is sent once the message was recorded. */
function receiptFor(message: Stanza, from: string): Stanza | undefined {
  const id = attr(message, "id");
  if (id === undefined || !message.getChild("request", NS_RECEIPTS)) return undefined;
  const received = xml("received", { xmlns: NS_RECEIPTS, id });
  return xml("message", { to: from, type: "chat" }, received, xml("store", { xmlns: "urn:xmpp:hints" }));
}

/** Reads a delivery receipt (XEP-0184) or a read marker (XEP-0333) about a message of ours. */
function receiptOf(message: Stanza): DeliveryReceipt | undefined {
  const received = ACTIVITY_ID.exec(attr(message.getChild("received", NS_RECEIPTS), "id") ?? "");
  const displayed = ACTIVITY_ID.exec(attr(message.getChild("displayed", NS_MARKERS), "id") ?? "");
  const [, id, targetNumber] = displayed ?? received ?? [];
  if (id === undefined) return undefined;
  return { id, status: displayed ? "read" : "delivered", ...receiptTarget(targetNumber, message) };
}

/** Names the target of a receipt where the activity had several. An id without a number had a single target. */
function receiptTarget(targetNumber: string | undefined, message: Stanza): { readonly target?: string } {
  const from = attr(message, "from");
  return targetNumber === undefined || from === undefined ? {} : { target: bare(from) };
}

function roomMessage(message: Stanza, identity: Identity, archived: ArchivePosition | undefined): InboundResult {
  const from = attr(message, "from") ?? "";
  const room = bare(from);
  const nick = resource(from);
  const id = archived?.id ?? stanzaIdBy(message, room);
  const joined = identity.rooms.get(room);
  const content = joined && messageContent(message, id ?? attr(message, "id"), { isRoom: true });
  // A room without a topic sends an empty subject to newcomers.
  if (!content || (content.object.topic === "" && nick === "")) return {};
  const messageId = attr(message, "id");
  const object = { ...content.object, ...(messageId === undefined || messageId === id ? {} : { messageId }) };
  const fields = eventFields({ ...content, object }, message, archived);
  const event = {
    key: eventKey(message, from, id === undefined ? undefined : `${room} ${id}`),
    event: {
      platform: "xmpp",
      ...fields,
      actor: { address: from, ...(nick === "" ? {} : { name: nick.slice(0, 256) }) },
      target: [{ address: identity.address }],
      context: { type: "room", id: room },
      self: nick !== "" && nick === joined.nick,
    },
    // A room without an archive is asked for its history since the last message.
    state: { name: `archive ${room}`, value: id ?? `@${fields.published}` },
  };
  return { event };
}

/** Returns a message's id in the archive of `by` (XEP-0359). */
function stanzaIdBy(message: Stanza, by: string): string | undefined {
  const element = message.getChildren("stanza-id", NS_SID).find((child) => attr(child, "by") === by);
  return attr(element, "id");
}

function eventKey(message: Stanza, from: string, archiveId: string | undefined): string {
  if (archiveId !== undefined) return `s ${archiveId}`;
  const originId = attr(message.getChild("origin-id", NS_SID), "id");
  if (originId !== undefined) return `o ${bare(from)} ${originId}`;
  const id = attr(message, "id");
  // Topics have no id: repeated topics carry a stamp, new topics do not.
  return id === undefined ? `t ${from} ${stampOf(message) ?? ulid()}` : `m ${from} ${id}`;
}
