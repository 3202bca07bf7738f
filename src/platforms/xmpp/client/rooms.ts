import { xml } from "@xmpp/client";
import type { Client, JoinedRoom } from "./client.ts";
import { bare, resource } from "./jid.ts";
import type { Stanza } from "./library.ts";
import { attr, failureOf } from "./stanza.ts";

const NS_MUC = "http://jabber.org/protocol/muc";
export const NS_MUC_USER = "http://jabber.org/protocol/muc#user";
/** Nicknames known of a room. In larger rooms, comings and goings of others are not reported. */
export const MAX_OCCUPANTS = 2_000;

export interface JoinRequest {
  readonly room: string;
  readonly nick: string;
  readonly password?: string | undefined;
  /** For rooms without an archive: the room repeats its messages since this time. */
  readonly since?: string | undefined;
}

/** Enters a room (XEP-0045 section 7.2); rejects with a `Failure` when the room refuses. */
export async function enterRoom(client: Client, request: JoinRequest): Promise<JoinedRoom> {
  const { room, nick } = request;
  const occupants = new Set<string>();
  let stop: () => void = () => undefined;
  const entered = new Promise<JoinedRoom>((resolve, reject) => {
    stop = client.watch((presence) => {
      if (presence.name !== "presence" || bare(attr(presence, "from") ?? "") !== room) return false;
      if (presence.attrs.type === "error") reject(failureOf(presence, true));
      else if (countOccupant(presence, occupants)) {
        // The next stanza already belongs to the joined room, so the room must be known before.
        const joined = { nick: resource(attr(presence, "from") ?? "") || nick, occupants };
        client.rooms.set(room, joined);
        resolve(joined);
        stop();
      }
      return true;
    });
  });
  try {
    client.stream.send(joinPresence(request));
    return await client.stream.withTimeout(entered);
  } finally {
    stop();
  }
}

/** Counts an occupant; returns true when the account's own presence ends the list. */
function countOccupant(presence: Stanza, occupants: Set<string>): boolean {
  const nick = resource(attr(presence, "from") ?? "");
  if (presence.attrs.type === "unavailable") occupants.delete(nick);
  else if (occupants.size < MAX_OCCUPANTS) occupants.add(nick);
  return presence.attrs.type === undefined && statusCodes(presence).has("110");
}

function joinPresence({ room, nick, password, since }: JoinRequest): Stanza {
  const history = since === undefined ? { maxstanzas: "0" } : { since };
  const x = xml("x", { xmlns: NS_MUC }, xml("history", history));
  if (password !== undefined) x.append(xml("password", {}, password));
  return xml("presence", { to: `${room}/${nick}` }, x);
}

/** Leaves a room; resolves when the room confirms. */
export async function exitRoom(client: Client, room: string, nick: string): Promise<void> {
  let stop: () => void = () => undefined;
  const confirmed = new Promise<void>((resolve) => {
    stop = client.watch((presence) => {
      if (presence.name !== "presence" || attr(presence, "from") !== `${room}/${nick}`) return false;
      if (presence.attrs.type !== "unavailable" && presence.attrs.type !== "error") return false;
      client.rooms.delete(room);
      resolve();
      return true;
    });
  });
  try {
    client.stream.send(xml("presence", { to: `${room}/${nick}`, type: "unavailable" }));
    await client.stream.withTimeout(confirmed);
  } finally {
    stop();
  }
}

/** Returns the status codes of a room's presence (XEP-0045). */
export function statusCodes(presence: Stanza): ReadonlySet<string> {
  const user = presence.getChild("x", NS_MUC_USER);
  return new Set((user?.getChildren("status") ?? []).map((status) => attr(status, "code") ?? ""));
}
