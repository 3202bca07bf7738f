import { randomBytes } from "node:crypto";
import { xml } from "@xmpp/client";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Credentials } from "../credentials.ts";
import { type Client, presenceStanza, unlessUnanswered } from "./client.ts";
import { bare } from "./jid.ts";
import type { Stanza } from "./library.ts";
import { messageMemory } from "./memory.ts";
import type { SrvLookup } from "./srv.ts";
import { attr } from "./stanza.ts";
import { openStream, type StreamOptions, type Timeouts } from "./stream.ts";

/** Wait before another attempt on a room or an archive, in ms. */
const RETRY_MS = 30_000;
/** Longest time for an orderly end, in ms. Leases leave about a second to close connections. */
const END_MS = 500;

export interface XmppSettings {
  /** Looks up SRV records; the default asks the system. */
  readonly xmppSrvLookup?: SrvLookup;
  readonly xmppTimeouts?: Timeouts;
  /** Milliseconds of a room's silence before the account checks its membership; default two minutes. */
  readonly xmppSelfPingMs?: number;
  /** Milliseconds before a silent room or archive is tried again; default half a minute. */
  readonly xmppRetryMs?: number;
  /** Milliseconds for an orderly end of a session; default half a second. */
  readonly xmppEndMs?: number;
}

export interface ClientOptions extends Pick<StreamOptions, "onStanza" | "onEnd">, Pick<Client, "handled"> {
  readonly context: ConnectionContext<Credentials>;
  readonly state: Readonly<Record<string, string>>;
  readonly settings: XmppSettings;
}

/** Opens an account's stream and makes its client; watchers see each stanza before `onStanza`. */
export async function openClient({
  context,
  state,
  settings,
  onStanza,
  onEnd,
  handled,
}: ClientOptions): Promise<Client> {
  const resourcePrefix = await resourcePrefixOf(context, state);
  const watchers = new Set<(stanza: Stanza) => boolean>();
  const stream = await openStream({
    address: context.address,
    credentials: context.credentials,
    egress: context.egress,
    signal: context.signal,
    resource: `${resourcePrefix}${randomBytes(6).toString("hex")}`,
    onStanza: (stanza, markHandled) => {
      for (const watcher of [...watchers]) if (watcher(stanza)) return markHandled();
      onStanza(stanza, markHandled);
    },
    onEnd,
    ...(settings.xmppSrvLookup ? { srvLookup: settings.xmppSrvLookup } : {}),
    ...(settings.xmppTimeouts ? { timeouts: settings.xmppTimeouts } : {}),
  });
  return {
    stream,
    context,
    jid: bare(stream.jid),
    resourcePrefix,
    rooms: new Map(),
    memory: messageMemory(state),
    status: {
      hasArchive: false,
      pendingArchives: new Set(),
      pendingRooms: new Set(),
      onRoomLost: () => undefined,
    },
    retryMs: settings.xmppRetryMs ?? RETRY_MS,
    endMs: settings.xmppEndMs ?? END_MS,
    watch: (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    handled,
    record: async ({ events = [], receipt, reply }) => {
      let isNew = false;
      for (const event of events) isNew = (await context.record(event)) === "new" || isNew;
      if (receipt) await context.recordReceipt(receipt);
      // A reply that comes too late must not break the orderly end, which would lose the messages behind.
      if (reply && isNew && !stream.hasLeft()) stream.send(reply);
    },
  };
}

/** Enables carbons, requests the roster and shows the account present. */
export async function announcePresence(client: Client, state: Readonly<Record<string, string>>): Promise<void> {
  const { stream } = client;
  // Both at once: a server that answers neither costs one time-out.
  await Promise.all([
    unlessUnanswered(stream.request("set", xml("enable", { xmlns: "urn:xmpp:carbons:2" }))),
    requestRoster(client, state.roster ?? ""),
  ]);
  stream.send(presenceStanza(state.presence));
}

/**
 * Requests the roster, since servers report changes of friendships only to sessions that did. The stored version saves
 * the transfer (RFC 6121 section 2.6).
 */
async function requestRoster({ stream, context }: Client, storedVersion: string): Promise<void> {
  const query = xml("query", { xmlns: "jabber:iq:roster", ver: storedVersion });
  const answer = await unlessUnanswered(stream.request("get", query));
  const version = attr(answer?.getChild("query", "jabber:iq:roster"), "ver");
  if (version !== undefined && version !== storedVersion && version.length <= 256)
    await context.state.write("roster", version);
}

/** Returns the common start of this app's resources, by which sessions recognise each other. */
async function resourcePrefixOf(
  context: ConnectionContext<Credentials>,
  state: Readonly<Record<string, string>>,
): Promise<string> {
  const token = state.resource ?? randomBytes(4).toString("hex");
  if (state.resource === undefined) await context.state.write("resource", token);
  return `dragoman-${token}-`;
}
