import { randomBytes } from "node:crypto";
import { xml } from "@xmpp/client";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Credentials } from "../credentials.ts";
import { closedByServer } from "../errors.ts";
import { catchUp } from "../inbound/catch-up.ts";
import { attr } from "../inbound/inbound.ts";
import { messageIn } from "../inbound/message.ts";
import { inbox } from "../inbound/ordered-queue.ts";
import { presenceIn, type RoomChange, roomPresenceIn } from "../inbound/presence.ts";
import { type Client, forget, meaning, meOf, optional, ownPresence } from "./client.ts";
import { bare } from "./jid.ts";
import type { Stanza } from "./library.ts";
import { rejoin } from "./rooms.ts";
import type { Srv } from "./srv.ts";
import { openStream, type Patience } from "./stream.ts";

export interface XmppSettings {
  /** How SRV records are looked up; the default asks the system. */
  readonly xmppSrv?: Srv;
  readonly xmppPatience?: Patience;
}

/** Connects an account, shows it present, catches up and rejoins its rooms; rejects with what `explain` knows. */
export async function holdAccount(context: ConnectionContext<Credentials>, settings: XmppSettings): Promise<Client> {
  const notes = await context.state.read();
  const prefix = await prefixOf(context, notes);
  const watchers = new Set<(stanza: Stanza) => boolean>();
  let ready = false;
  let ended: { readonly thrown: unknown } | undefined;
  const queue = inbox({
    deal: async (stanza) => deal(client, stanza),
    pause: (paused) => client.stream.pause(paused),
    fail: (thrown) => client.stream.fail(thrown),
  });
  const stream = await openStream({
    address: context.address,
    credentials: context.credentials,
    egress: context.egress,
    signal: context.signal,
    resource: `${prefix}${randomBytes(6).toString("hex")}`,
    onStanza: (stanza, handled) => {
      for (const look of [...watchers]) if (look(stanza)) return handled();
      queue.push(stanza, handled);
    },
    onEnd: (thrown) => {
      ended = { thrown };
      if (ready && !context.signal.aborted) context.onDisconnected(thrown);
    },
    ...(settings.xmppSrv ? { srv: settings.xmppSrv } : {}),
    ...(settings.xmppPatience ? { patience: settings.xmppPatience } : {}),
  });
  const client: Client = {
    stream,
    hold: context,
    me: bare(stream.jid),
    prefix,
    rooms: new Map(),
    watch: (look) => {
      watchers.add(look);
      return () => watchers.delete(look);
    },
    bring: async ({ arrival, report, answer }) => {
      const fresh = arrival ? await context.record(arrival) : undefined;
      if (report) await context.recordReceipt(report);
      if (answer && fresh === "new") stream.put(answer);
    },
  };
  const stop = () => stream.fail(context.signal.reason);
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    if (context.signal.aborted) stop();
    await begin(client, notes);
    queue.open();
    if (ended) throw ended.thrown ?? closedByServer();
    ready = true;
    return client;
  } catch (thrown) {
    await stream.close();
    throw ended?.thrown ?? thrown;
  }
}

async function begin(client: Client, notes: Readonly<Record<string, string>>): Promise<void> {
  const { stream } = client;
  await optional(stream.ask("set", xml("enable", { xmlns: "urn:xmpp:carbons:2" })));
  await showInterest(client, notes.roster ?? "");
  stream.put(ownPresence(notes.presence));
  await catchUp(client, notes, undefined);
  await rejoin(client, notes, await client.hold.sealedState.read());
}

/** Servers tell what becomes of friendships only to who asked for the roster; a version spares sending it (RFC 6121 section 2.6). */
async function showInterest({ stream, hold: context }: Client, kept: string): Promise<void> {
  const answer = await optional(stream.ask("get", xml("query", { xmlns: "jabber:iq:roster", ver: kept })));
  const ver = attr(answer?.getChild("query", "jabber:iq:roster"), "ver");
  if (ver !== undefined && ver !== kept && ver.length <= 256) await context.state.write("roster", ver);
}

/** Sessions of one app know each other by how their resources begin. */
async function prefixOf(
  context: ConnectionContext<Credentials>,
  notes: Readonly<Record<string, string>>,
): Promise<string> {
  const kept = notes.resource ?? randomBytes(4).toString("hex");
  if (notes.resource === undefined) await context.state.write("resource", kept);
  return `dragoman-${kept}-`;
}

async function deal(client: Client, stanza: Stanza): Promise<void> {
  const name = bare(attr(stanza, "from") ?? "");
  const room = stanza.name === "presence" ? client.rooms.get(name) : undefined;
  const { out, renamed, ...brought } = meaning(client, (): RoomChange => {
    if (stanza.name === "message") return messageIn(stanza, meOf(client));
    return room ? roomPresenceIn(stanza, meOf(client), room) : presenceIn(stanza, meOf(client));
  });
  if (room && renamed !== undefined) {
    client.rooms.set(name, { ...room, nick: renamed });
    await client.hold.state.write(`room ${name}`, renamed);
  }
  if (out !== undefined) client.rooms.delete(name);
  // The room's server comes back some time; another login joins it again, as it does after any break.
  if (out === "for now") client.stream.fail(closedByServer());
  // Told before it is forgotten: a break in between tells it again.
  await client.bring(brought);
  if (out === "for good") await forget(client, name);
}
