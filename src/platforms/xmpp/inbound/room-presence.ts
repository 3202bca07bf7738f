import { ulid } from "ulid";
import { optional } from "../../../model/optional.ts";
import type { Identity, InboundResult, JoinedRoom } from "../client/client.ts";
import { bare, isRoomAddress, resource } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { MAX_OCCUPANTS, NS_MUC_USER, roleOf, statusCodes } from "../client/rooms.ts";
import { attr, textOf } from "../client/stanza.ts";

export interface RoomChange extends InboundResult {
  /** Set when the account is out: for good, or until the room's server is back. */
  readonly out?: "for good" | "for now";
  /** The account's new nickname. */
  readonly renamed?: string;
}

/** Maps a room's presence: an occupant came, left, was renamed or removed. */
export function inboundRoomPresence(presence: Stanza, identity: Identity, room: JoinedRoom): RoomChange {
  const from = attr(presence, "from") ?? "";
  const nick = resource(from);
  const type = attr(presence, "type") ?? "available";
  const self = statusCodes(presence).has("110") || nick === room.nick;
  if (nick === "") return {};
  if (type === "unavailable")
    return room.occupants.delete(nick) || self ? departed(presence, identity, room, self) : {};
  if (type !== "available") return {};
  const isKnown = room.occupants.has(nick);
  if (!isKnown && room.occupants.size >= MAX_OCCUPANTS) return {};
  room.occupants.set(nick, roleOf(presence));
  if (isKnown) return {};
  return self ? {} : roomEvent("join", from, identity, { type: "room" }, false);
}

function departed(presence: Stanza, identity: Identity, room: JoinedRoom, self: boolean): RoomChange {
  const from = attr(presence, "from") ?? "";
  const codes = statusCodes(presence);
  const renamed = codes.has("303") ? attr(itemOf(presence), "nick") : undefined;
  if (renamed !== undefined) {
    room.occupants.set(renamed, roleOf(presence));
    const change = roomEvent("update", from, identity, { type: "profile", name: renamed }, self);
    return self ? { ...change, renamed } : change;
  }
  const object = departure(presence, codes);
  const change = roomEvent("leave", from, identity, object, self);
  return self ? { ...change, out: object.cause === "shutdown" ? "for now" : "for good" } : change;
}

function itemOf(presence: Stanza): Stanza | undefined {
  return presence.getChild("x", NS_MUC_USER)?.getChild("item");
}

/** Reads why an occupant left, as far as the room says (XEP-0045 section 9). */
function departure(presence: Stanza, codes: ReadonlySet<string>) {
  const item = itemOf(presence);
  const actor = item?.getChild("actor");
  const destroyed = presence.getChild("x", NS_MUC_USER)?.getChild("destroy");
  const cause = destroyed ? "destroyed" : ([...CAUSES].find(([code]) => codes.has(code))?.[1] ?? "left");
  const reason = textOf(destroyed ?? item ?? presence, "reason") ?? textOf(presence, "status");
  const by = attr(actor, "jid") ?? attr(actor, "nick");
  const address =
    by !== undefined && attr(actor, "jid") === undefined ? `${bare(attr(presence, "from") ?? "")}/${by}` : by;
  return {
    type: "room",
    cause,
    ...(reason ? { reason: reason.slice(0, 1_024) } : {}),
    ...(address ? { by: { address } } : {}),
    ...(destroyed ? alternateRoom(destroyed) : {}),
  } as const;
}

/** Reads the room that takes the place of a destroyed one (XEP-0045 section 10.9). */
function alternateRoom(destroyed: Stanza): { readonly address?: string; readonly password?: string } {
  const address = bare(attr(destroyed, "jid") ?? "");
  const password = textOf(destroyed, "password");
  return isRoomAddress(address) ? { address, ...optional("password", password?.slice(0, 1_024)) } : {};
}

/** Causes by status code. 332 and 333 come first: older services send 307 beside 333 when a server is gone. */
const CAUSES = new Map([
  ["332", "shutdown"],
  ["333", "shutdown"],
  ["301", "banned"],
  ["307", "kicked"],
  ["321", "removed"],
  ["322", "removed"],
]);

function roomEvent(
  verb: string,
  from: string,
  identity: Identity,
  object: Readonly<Record<string, unknown>>,
  self: boolean,
): InboundResult {
  const event = {
    platform: "xmpp",
    verb,
    actor: { address: from, name: resource(from).slice(0, 256) },
    target: [{ address: identity.address }],
    object,
    context: { type: "room", id: bare(from) },
    published: new Date().toISOString(),
    self,
  };
  return { events: [{ key: `p ${ulid()}`, event }] };
}
