import { ulid } from "ulid";
import { optional } from "../../../model/optional.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import { formatCursor } from "../client/archive-cursor.ts";
import type { Identity, InboundResult, JoinedRoom } from "../client/client.ts";
import { bare, resource } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { digestOf, RECENT_KEY } from "../client/memory.ts";
import { NS_MUC_USER } from "../client/rooms.ts";
import { attr, stampOf } from "../client/stanza.ts";
import { type MessageContent, messageContent } from "./message-content.ts";
import { reactionChanges } from "./reactions.ts";
import { failedReceipt, isReceipt, receiptFor, receiptOf } from "./receipts.ts";
import { typingOf } from "./typing.ts";

const NS_CARBONS = "urn:xmpp:carbons:2";
const NS_FORWARD = "urn:xmpp:forward:0";
const NS_SID = "urn:xmpp:sid:0";

/** An archive's id and time of a message. */
export interface ArchivePosition {
  readonly id: string;
  readonly stamp: string | undefined;
}

/** Maps a message of the live stream, or of an archive where `archived` is given. */
export function inboundMessage(stanza: Stanza, identity: Identity, archived?: ArchivePosition): InboundResult {
  const carbon = carbonOf(stanza, identity);
  const message = carbon ?? stanza;
  if (message.attrs.type === "error") return failedReceipt(message, identity);
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
  if (!self && isReceipt(message)) return receiptOf(message, identity);
  const content = messageContent(message, directId(message));
  if (!content) return archived === undefined ? typingOf(message, identity, from) : {};
  const position = directPosition(message, identity, { from, content, archived });
  if (position === undefined) return {};
  const person = content.inviter ?? from;
  const common = {
    platform: "xmpp",
    published: publishedAt(message, archived),
    actor: { address: bare(person), id: person },
    target: [{ address: identity.address }],
    context: { type: "direct" as const, id: peerOf(message, identity, content, from) },
    self,
  };
  const events = eventsOf(contentsOf(content, self ? "self" : from, identity), position, common);
  const reply = isLive && !self ? receiptFor(message, from) : undefined;
  return reply ? { events, reply } : { events };
}

/** Key and connection state of an event. */
interface EventPosition {
  readonly key: string;
  readonly state: InboundEvent["state"];
}

/** Returns the position of a direct message. Undefined for a copy of a message that was recorded before. */
function directPosition(
  message: Stanza,
  identity: Identity,
  { from, content, archived }: { from: string; content: MessageContent; archived: ArchivePosition | undefined },
): EventPosition | undefined {
  const archiveId = archived?.id ?? (identity.hasArchive ? stanzaIdBy(message, identity.jid) : undefined);
  const recent = identity.memory.recent("");
  const digest = directDigest(message, from, content);
  if (archiveId !== undefined) {
    const digests = recent.add(digest);
    const isBehind = archived === undefined && identity.pendingArchives.has("");
    const value = formatCursor({ id: archiveId, time: publishedAt(message, archived), digests });
    return { key: `s ${archiveId}`, state: isBehind ? undefined : { name: "archive", value } };
  }
  // A copy that the server stored for an earlier stream, which recorded the message but did not acknowledge it.
  if (stampOf(message) !== undefined && recent.has(digest)) return undefined;
  const value = recent.add(digest).join(" ");
  return { key: unarchivedKey(message, from, digest), state: { name: RECENT_KEY, value } };
}

/** Returns the other side of a conversation; in a room's private conversation including the nickname. */
function peerOf(message: Stanza, identity: Identity, { inviter }: MessageContent, from: string): string {
  if (inviter !== undefined) return bare(inviter);
  const peer = bare(from) === identity.jid ? (attr(message, "to") ?? identity.jid) : from;
  const isPrivate = identity.rooms.has(bare(peer)) || message.getChild("x", NS_MUC_USER);
  return isPrivate ? peer : bare(peer);
}

function roomMessage(message: Stanza, identity: Identity, archived: ArchivePosition | undefined): InboundResult {
  const from = attr(message, "from") ?? "";
  const room = bare(from);
  const nick = resource(from);
  const joined = identity.rooms.get(room);
  if (!joined) return {};
  const isOwn = nick !== "" && nick === joined.nick;
  const archiveId = archived?.id ?? (joined.hasStableIds ? stanzaIdBy(message, room) : undefined);
  const messageId = attr(message, "id");
  const content = messageContent(message, archiveId ?? messageId, { isRoom: true });
  if (!content && archived === undefined && nick !== "" && !isOwn) return typingOf(message, identity, from);
  // A room without a topic sends an empty subject to newcomers.
  if (!content || (content.object.type === "topic" && content.object.body === "" && nick === "")) return {};
  rememberIds(identity, { room, from, messageId, archiveId });
  const published = publishedAt(message, archived);
  const position = roomPosition(message, identity, {
    from,
    joined,
    content,
    archiveId,
    isArchived: archived !== undefined,
    published,
  });
  if (position === undefined) return {};
  const self = isOwn;
  const common = {
    platform: "xmpp",
    published,
    actor: { address: from, ...(nick === "" ? {} : { name: nick.slice(0, 256) }) },
    target: [{ address: identity.address }],
    context: { type: "room" as const, id: room },
    self,
  };
  const contents = contentsOf(inRoomIds(content, from, identity), self ? `self ${room}` : from, identity);
  return { events: eventsOf(contents, position, common) };
}

interface RoomMessage {
  readonly from: string;
  readonly joined: JoinedRoom;
  readonly content: MessageContent;
  readonly archiveId: string | undefined;
  /** Whether the message comes from the archive, not from the live stream. */
  readonly isArchived: boolean;
  readonly published: string;
}

/** Returns the position of a room's message. Undefined for a message that a room's history repeats. */
function roomPosition(
  message: Stanza,
  identity: Identity,
  { from, joined, content, archiveId, isArchived, published }: RoomMessage,
): EventPosition | undefined {
  const room = bare(from);
  const name = `archive ${room}`;
  const recent = identity.memory.recent(room);
  const digest = roomDigest(message, content, archiveId);
  // A room's history repeats messages, also after the room has got an archive.
  if (!isArchived && stampOf(message) !== undefined && recent.has(digest)) return undefined;
  const digests = recent.add(digest);
  if (archiveId !== undefined) {
    const isBehind = !isArchived && identity.pendingArchives.has(room);
    const value = formatCursor({ id: archiveId, time: published, digests });
    return { key: `s ${room} ${archiveId}`, state: isBehind ? undefined : { name, value } };
  }
  const key = unarchivedKey(message, from, digest);
  // A room without an archive is asked for its history since the last message.
  return { key, state: joined.hasStableIds ? undefined : { name, value: formatCursor({ time: published, digests }) } };
}

/** Returns the digest that an archived message got when it was recorded. Ids of archives are not part of it. */
export function archivedDigest(message: Stanza, identity: Identity, archiveId: string): string | undefined {
  const isRoom = message.attrs.type === "groupchat";
  const content = messageContent(message, isRoom ? archiveId : directId(message), { isRoom });
  if (!content) return undefined;
  return isRoom
    ? roomDigest(message, content, archiveId)
    : directDigest(message, attr(message, "from") ?? identity.jid, content);
}

const directId = (message: Stanza): string | undefined =>
  attr(message.getChild("origin-id", NS_SID), "id") ?? attr(message, "id");

function directDigest(message: Stanza, from: string, { verb, object }: MessageContent): string {
  return digestOf(bare(from), attr(message, "id"), verb, JSON.stringify(object));
}

/** Returns a digest with the sender's id in place of the archive's. */
function roomDigest(message: Stanza, { verb, object }: MessageContent, archiveId: string | undefined): string {
  const id = attr(message, "id");
  const own = archiveId !== undefined && object.id === archiveId ? { ...object, id } : object;
  return digestOf(attr(message, "from") ?? "", id, verb, JSON.stringify(own));
}

interface RoomMessageIds {
  readonly room: string;
  readonly from: string;
  readonly messageId: string | undefined;
  readonly archiveId: string | undefined;
}

/** Remembers both ids of a message. Events show the room's id, corrections name the sender's. */
function rememberIds({ memory }: Identity, { room, from, messageId, archiveId }: RoomMessageIds): void {
  if (messageId === undefined || archiveId === undefined) return;
  memory.roomIds.set(`${from} ${messageId}`, archiveId);
  memory.senderIds.set(`${room} ${archiveId}`, messageId);
}

/** Replaces the sender's id in a correction by the id that the message's event had. */
function inRoomIds(content: MessageContent, from: string, { memory }: Identity): MessageContent {
  if (content.verb !== "update" || content.object.id === undefined) return content;
  const id = memory.roomIds.get(`${from} ${String(content.object.id)}`) ?? content.object.id;
  return { ...content, object: { ...content.object, id } };
}

function contentsOf(content: MessageContent, author: string, identity: Identity): readonly MessageContent[] {
  return content.reactions === undefined ? [content] : reactionChanges(content, author, identity.memory);
}

/** Makes the events of a message; the state is stored with the last. */
function eventsOf(
  contents: readonly MessageContent[],
  { key, state }: EventPosition,
  common: Omit<InboundEvent["event"], "verb" | "object" | "id">,
): readonly InboundEvent[] {
  return contents.map(({ verb, object }, index) => ({
    key: index === 0 ? key : `${key} ${index}`,
    event: { ...common, verb, object, ...(object.id === undefined ? {} : { id: String(object.id) }) },
    ...(index === contents.length - 1 ? optional("state", state) : {}),
  }));
}

function publishedAt(message: Stanza, archived: ArchivePosition | undefined): string {
  return archived?.stamp ?? stampOf(message) ?? new Date().toISOString();
}

/** Returns a message's id in the archive of `by` (XEP-0359). */
function stanzaIdBy(message: Stanza, by: string): string | undefined {
  const element = message.getChildren("stanza-id", NS_SID).find((child) => attr(child, "by") === by);
  return attr(element, "id");
}

/**
 * Makes the key of a message without archive id. A live message is new by definition, whatever id its sender gave; senders
 * use ids again (RFC 6120 section 8.1.3). Only delayed copies may come twice.
 */
function unarchivedKey(message: Stanza, from: string, digest: string): string {
  const stamp = stampOf(message);
  return stamp === undefined ? `l ${ulid()}` : `d ${bare(from)} ${digest} ${stamp}`;
}
