import { xml } from "@xmpp/client";
import { Failure } from "../../../model/failure.ts";
import { noAnswer } from "../errors.ts";
import { catchUp } from "../inbound/catch-up.ts";
import { attr, type Room, refusedBy } from "../inbound/inbound.ts";
import { OCCUPANTS, statusesOf } from "../inbound/presence.ts";
import { type Client, forget } from "./client.ts";
import { bare, resource } from "./jid.ts";
import type { Stanza } from "./library.ts";

const NS_MUC = "http://jabber.org/protocol/muc";

export interface Wish {
  readonly room: string;
  readonly nick: string;
  readonly password?: string | undefined;
  /** For rooms without an archive: what came since then is sent again. */
  readonly since?: string | undefined;
}

/** Enters a room (XEP-0045 section 7.2); resolves when the account is in, rejects with a `Failure` when it is not let in. */
export async function enter(client: Client, wish: Wish): Promise<Room> {
  const { room, nick } = wish;
  const occupants = new Set<string>();
  let stop: () => void = () => undefined;
  const entered = new Promise<Room>((resolve, reject) => {
    stop = client.watch((presence) => {
      if (presence.name !== "presence" || bare(attr(presence, "from") ?? "") !== room) return false;
      if (presence.attrs.type === "error") reject(refusedBy(presence, true));
      else if (crowded(presence, occupants)) {
        // From here on what comes is the room's life: it must be known before the next stanza is read.
        const entry = { nick: resource(attr(presence, "from") ?? "") || nick, occupants };
        client.rooms.set(room, entry);
        resolve(entry);
        stop();
      }
      return true;
    });
  });
  try {
    client.stream.put(joining(wish));
    return await client.stream.within(entered);
  } finally {
    stop();
  }
}

/** Counts who is there already; true when the account's own presence ends the list. */
function crowded(presence: Stanza, occupants: Set<string>): boolean {
  const nick = resource(attr(presence, "from") ?? "");
  if (presence.attrs.type === "unavailable") occupants.delete(nick);
  else if (occupants.size < OCCUPANTS) occupants.add(nick);
  return presence.attrs.type === undefined && statusesOf(presence).has("110");
}

function joining({ room, nick, password, since }: Wish): Stanza {
  const history = since === undefined ? { maxstanzas: "0" } : { since };
  const x = xml("x", { xmlns: NS_MUC }, xml("history", history));
  if (password !== undefined) x.append(xml("password", {}, password));
  return xml("presence", { to: `${room}/${nick}` }, x);
}

/** Leaves a room; resolves when the room says so. */
export async function exit(client: Client, room: string, nick: string): Promise<void> {
  let stop: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    stop = client.watch((presence) => {
      if (presence.name !== "presence" || attr(presence, "from") !== `${room}/${nick}`) return false;
      if (presence.attrs.type !== "unavailable" && presence.attrs.type !== "error") return false;
      client.rooms.delete(room);
      resolve();
      return true;
    });
  });
  try {
    client.stream.put(xml("presence", { to: `${room}/${nick}`, type: "unavailable" }));
    await client.stream.within(gone);
  } finally {
    stop();
  }
}

/** Enters all rooms of the notes again and brings what was said there meanwhile. */
export async function rejoin(
  client: Client,
  notes: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const kept = Object.entries(notes).filter(([name]) => name.startsWith("room "));
  await Promise.all(
    kept.map(([name, nick]) => back(client, notes, { room: name.slice(5), nick, password: secrets[name] })),
  );
}

async function back(client: Client, notes: Readonly<Record<string, string>>, wish: Wish): Promise<void> {
  const cursor = notes[`archive ${wish.room}`];
  const since = cursor?.startsWith("@") ? cursor.slice(1) : undefined;
  const failure = await tried(client, { ...wish, since });
  if (!failure) {
    await catchUp(client, notes, wish.room);
    return;
  }
  if (failure.kind === "retryable" || failure.kind === "rate-limited") throw failure;
  // Banned, members only, a new password: the app is told, and has to join anew.
  await client.bring({ arrival: lostRoom(client, wish, failure) });
  await forget(client, wish.room);
}

/** Enters, by another nickname where the old one is still taken: an old session of ours may not be gone yet. */
async function tried(client: Client, wish: Wish): Promise<Failure | undefined> {
  let last: Failure = noAnswer();
  for (const nick of [wish.nick, `${wish.nick}_`, `${wish.nick}__`]) {
    try {
      await enter(client, { ...wish, nick });
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      last = thrown;
      if (thrown.code !== "nick-in-use") return thrown;
    }
  }
  return last;
}

function lostRoom({ hold: context }: Client, { room, nick }: Wish, { code, message }: Failure) {
  const published = new Date().toISOString();
  return {
    key: `l ${room} ${published}`,
    event: {
      platform: "xmpp",
      verb: "leave",
      actor: { address: `${room}/${nick}`, name: nick.slice(0, 256) },
      target: [{ address: context.address }],
      object: { type: "room", id: room, why: code, reason: message },
      context: { type: "room", id: room },
      published,
      self: true,
    },
  };
}
