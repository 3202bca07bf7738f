import { ulid } from "ulid";
import { attr, type Brought, type Me, type Room, textOf } from "./brought.ts";
import type { Stanza } from "./inside.ts";
import { bare, resource } from "./jid.ts";

const NS_USER = "http://jabber.org/protocol/muc#user";
/** So many nicknames are known of one room; of more, comings and goings are not told. */
const OCCUPANTS = 2_000;

/** What a presence of a contact means, or a contact's wish to see ours. */
export function presenceIn(presence: Stanza, me: Me): Brought {
  const from = attr(presence, "from") ?? me.bare;
  if (bare(from) === me.bare) return {};
  const type = attr(presence, "type") ?? "available";
  const text = textOf(presence, "status")?.slice(0, 1_024);
  const head = { platform: "xmpp", actor: { address: bare(from), id: from }, target: [{ address: me.address }] };
  const told = { published: new Date().toISOString(), self: false, context: { type: "direct", id: bare(from) } };
  if (type === "available" || type === "unavailable") {
    const show = type === "unavailable" ? "offline" : (textOf(presence, "show") ?? "online");
    const object = { type: "presence", show: show.slice(0, 16), ...(text === undefined ? {} : { status: text }) };
    return { arrival: { key: `p ${ulid()}`, event: { ...head, verb: "update", object, ...told } } };
  }
  const verb = WISHES.get(type);
  if (verb === undefined) return {};
  // A server repeats an open wish at each login: one a day is enough.
  const key = `w ${type} ${bare(from)} ${type === "subscribe" ? told.published.slice(0, 10) : (attr(presence, "id") ?? ulid())}`;
  const object = { type: "person", ...(text === undefined ? {} : { body: text }) };
  return { arrival: { key, event: { ...head, verb, object, ...told } } };
}

const WISHES = new Map([
  ["subscribe", "request-friend"],
  ["subscribed", "make-friend"],
  ["unsubscribed", "reject-friend"],
  ["unsubscribe", "remove-friend"],
]);

export interface RoomChange extends Brought {
  /** We are out: for good, or because the room's server went away. */
  readonly out?: "for good" | "for now";
}

/** Who came to a room, left it or was sent away. */
export function roomPresenceIn(presence: Stanza, me: Me, room: Room): RoomChange {
  const from = attr(presence, "from") ?? "";
  const nick = resource(from);
  const type = attr(presence, "type") ?? "available";
  const user = presence.getChild("x", NS_USER);
  const codes = statusesOf(presence);
  const self = codes.has("110") || nick === room.nick;
  if (nick === "" || type === "error") return {};
  if (type === "available") {
    if (room.occupants.has(nick) || room.occupants.size >= OCCUPANTS) return {};
    room.occupants.add(nick);
    return self ? {} : brought("join", from, me, { type: "room" }, false);
  }
  if (type !== "unavailable" || !(room.occupants.delete(nick) || self)) return {};
  const newNick = codes.has("303") ? attr(user?.getChild("item"), "nick") : undefined;
  if (newNick !== undefined) {
    room.occupants.add(newNick);
    return brought("update", from, me, { type: "profile", name: newNick }, self);
  }
  const item = user?.getChild("item");
  const reason = (item && textOf(item, "reason"))?.slice(0, 1_024);
  const by = attr(item?.getChild("actor"), "nick") ?? attr(item?.getChild("actor"), "jid");
  const why = user?.getChild("destroy") ? "destroyed" : [...REASONS].find(([code]) => codes.has(code))?.[1];
  const object = { type: "room", ...(why ? { why } : {}), ...(reason ? { reason } : {}), ...(by ? { by } : {}) };
  const change = brought("leave", from, me, object, self);
  return self ? { ...change, out: why === "shutdown" ? "for now" : "for good" } : change;
}

const REASONS = new Map([
  ["301", "banned"],
  ["307", "kicked"],
  ["321", "members-only"],
  ["322", "members-only"],
  ["332", "shutdown"],
  ["333", "shutdown"],
]);

/** XEP-0045's status codes of a presence. */
export function statusesOf(presence: Stanza): ReadonlySet<string> {
  const user = presence.getChild("x", NS_USER);
  return new Set((user?.getChildren("status") ?? []).map((one) => attr(one, "code") ?? ""));
}

function brought(
  verb: string,
  from: string,
  me: Me,
  object: Readonly<Record<string, unknown>>,
  self: boolean,
): Brought {
  const event = {
    platform: "xmpp",
    verb,
    actor: { address: from, name: resource(from).slice(0, 256) },
    target: [{ address: me.address }],
    object: { ...object, id: bare(from) },
    context: { type: "room", id: bare(from) },
    published: new Date().toISOString(),
    self,
  };
  return { arrival: { key: `p ${ulid()}`, event } };
}
