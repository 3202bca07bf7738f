import { xml } from "@xmpp/client";
import { type Client, type JoinedRoom, type OccupantRole, unlessRefused } from "./client.ts";
import { bare, resource } from "./jid.ts";
import type { Stanza } from "./library.ts";
import { attr, failureOf } from "./stanza.ts";

const NS_MUC = "http://jabber.org/protocol/muc";
const NS_MUC_OWNER = "http://jabber.org/protocol/muc#owner";
const NS_INFO = "http://jabber.org/protocol/disco#info";
/** Features of rooms whose message ids can be believed (XEP-0359 section 6, XEP-0313). */
const STABLE_IDS = ["urn:xmpp:sid:0", "urn:xmpp:mam:2"];
export const NS_MUC_USER = "http://jabber.org/protocol/muc#user";
/** Nicknames known of a room. In larger rooms, comings and goings of others are not reported. */
export const MAX_OCCUPANTS = 2_000;

export interface JoinRequest {
  readonly room: string;
  readonly nick: string;
  readonly password?: string | undefined;
  /** For rooms without an archive: the room repeats its messages since this time. */
  readonly since?: string | undefined;
  /** True where the room had an archive before. Counts while the room does not say. */
  readonly hadArchive?: boolean;
}

/** Enters a room (XEP-0045 section 7.2); rejects with a `Failure` when the room refuses. */
export async function enterRoom(client: Client, request: JoinRequest): Promise<JoinedRoom> {
  const { room, nick } = request;
  const occupants: JoinedRoom["occupants"] = new Map();
  const hasStableIds = (await givesStableIds(client, room)) ?? request.hadArchive ?? false;
  let isNew = false;
  let stop: () => void = () => undefined;
  const entered = new Promise<JoinedRoom>((resolve, reject) => {
    stop = client.watch((presence) => {
      if (presence.name !== "presence" || bare(attr(presence, "from") ?? "") !== room) return false;
      if (presence.attrs.type === "error") reject(failureOf(presence, true));
      else if (countOccupant(presence, occupants)) {
        // The next stanza already belongs to the joined room, so the room must be known before.
        const joined = { nick: resource(attr(presence, "from") ?? "") || nick, occupants, hasStableIds };
        isNew = statusCodes(presence).has("201");
        client.rooms.set(room, joined);
        resolve(joined);
        stop();
      }
      return true;
    });
  });
  try {
    client.stream.send(joinPresence(request));
    const joined = await client.stream.withTimeout(entered);
    return isNew ? await unlockRoom(client, room, joined) : joined;
  } finally {
    stop();
  }
}

/** Unlocks a room that the account has created, with the default configuration (XEP-0045 section 10.1.2). */
async function unlockRoom(client: Client, room: string, joined: JoinedRoom): Promise<JoinedRoom> {
  const form = xml("x", { xmlns: "jabber:x:data", type: "submit" });
  await unlessRefused(client.stream.request("set", xml("query", { xmlns: NS_MUC_OWNER }, form), room));
  const unlocked = { ...joined, hasStableIds: (await givesStableIds(client, room)) ?? joined.hasStableIds };
  client.rooms.set(room, unlocked);
  return unlocked;
}

/** Asks a room whether its ids can be believed. Undefined where the room does not say. */
async function givesStableIds({ stream }: Client, room: string): Promise<boolean | undefined> {
  const answer = await unlessRefused(stream.request("get", xml("query", { xmlns: NS_INFO }), room));
  const features = answer?.getChild("query", NS_INFO)?.getChildren("feature");
  return features?.some((feature) => STABLE_IDS.includes(attr(feature, "var") ?? ""));
}

/** Counts an occupant; returns true when the account's own presence ends the list. */
function countOccupant(presence: Stanza, occupants: JoinedRoom["occupants"]): boolean {
  const nick = resource(attr(presence, "from") ?? "");
  if (presence.attrs.type === "unavailable") occupants.delete(nick);
  else if (occupants.size < MAX_OCCUPANTS) occupants.set(nick, roleOf(presence));
  return presence.attrs.type === undefined && statusCodes(presence).has("110");
}

function joinPresence({ room, nick, password, since }: JoinRequest): Stanza {
  const history = since === undefined ? { maxstanzas: "0" } : { since };
  const x = xml("x", { xmlns: NS_MUC }, xml("history", history));
  if (password !== undefined) x.append(xml("password", {}, password));
  return xml("presence", { to: `${room}/${nick}` }, x);
}

/** Leaves a room; resolves when the room confirms. */
export async function exitRoom(client: Client, room: string, nick: string, reason?: string): Promise<void> {
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
    const status = reason === undefined ? [] : [xml("status", {}, reason)];
    client.stream.send(xml("presence", { to: `${room}/${nick}`, type: "unavailable" }, ...status));
    await client.stream.withTimeout(confirmed);
  } finally {
    stop();
  }
}

/** Reads an occupant's role and affiliation (XEP-0045 section 5). */
export function roleOf(presence: Stanza): OccupantRole | undefined {
  const item = presence.getChild("x", NS_MUC_USER)?.getChild("item");
  const affiliation = attr(item, "affiliation");
  const role = attr(item, "role");
  if (affiliation === "owner" || affiliation === "admin") return affiliation;
  if (role === "moderator" || role === "visitor") return role;
  return affiliation === "member" ? "member" : undefined;
}

/** Returns the status codes of a room's presence (XEP-0045). */
export function statusCodes(presence: Stanza): ReadonlySet<string> {
  const user = presence.getChild("x", NS_MUC_USER);
  return new Set((user?.getChildren("status") ?? []).map((status) => attr(status, "code") ?? ""));
}
