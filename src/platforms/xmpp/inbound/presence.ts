import { ulid } from "ulid";
import { bare, resource } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { attr, type Brought, type Me, type Room, textOf } from "./inbound.ts";

const NS_USER = "http://jabber.org/protocol/muc#user";
/** So many nicknames are known of one room; of more, comings and goings are not told. */
export const OCCUPANTS = 2_000;

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
  /** We have another nickname now. */
  readonly renamed?: string;
}

/** Who came to a room, left it or was sent away. */
export function roomPresenceIn(presence: Stanza, me: Me, room: Room): RoomChange {
  const from = attr(presence, "from") ?? "";
  const nick = resource(from);
  const type = attr(presence, "type") ?? "available";
  const self = statusesOf(presence).has("110") || nick === room.nick;
  if (nick === "") return {};
  if (type === "unavailable") return room.occupants.delete(nick) || self ? left(presence, me, room, self) : {};
  if (type !== "available" || room.occupants.has(nick) || room.occupants.size >= OCCUPANTS) return {};
  room.occupants.add(nick);
  return self ? {} : brought("join", from, me, { type: "room" }, false);
}

function left(presence: Stanza, me: Me, room: Room, self: boolean): RoomChange {
  const from = attr(presence, "from") ?? "";
  const codes = statusesOf(presence);
  const renamed = codes.has("303") ? attr(itemOf(presence), "nick") : undefined;
  if (renamed !== undefined) {
    room.occupants.add(renamed);
    const change = brought("update", from, me, { type: "profile", name: renamed }, self);
    return self ? { ...change, renamed } : change;
  }
  const object = departure(presence, codes);
  const change = brought("leave", from, me, object, self);
  return self ? { ...change, out: object.why === "shutdown" ? "for now" : "for good" } : change;
}

function itemOf(presence: Stanza): Stanza | undefined {
  return presence.getChild("x", NS_USER)?.getChild("item");
}

/** Why somebody left, as far as the room tells (XEP-0045 section 9). */
function departure(presence: Stanza, codes: ReadonlySet<string>) {
  const item = itemOf(presence);
  const actor = item?.getChild("actor");
  const destroyed = presence.getChild("x", NS_USER)?.getChild("destroy");
  const why = destroyed ? "destroyed" : [...REASONS].find(([code]) => codes.has(code))?.[1];
  const reason = item && textOf(item, "reason")?.slice(0, 1_024);
  const by = attr(actor, "nick") ?? attr(actor, "jid");
  return { type: "room", ...(why ? { why } : {}), ...(reason ? { reason } : {}), ...(by ? { by } : {}) } as const;
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
