import { xml } from "@xmpp/client";
import { Failure } from "../../../model/failure.ts";
import type { ConnectionContext, DeliveryReceipt } from "../../../platform/connection.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import type { Stanza } from "./library.ts";
import type { MessageMemory } from "./memory.ts";
import type { Stream } from "./stream.ts";

/** Role of an occupant; undefined for a participant without any rights. */
export type OccupantRole = "owner" | "admin" | "moderator" | "member" | "visitor";

/** A room that the account is in. */
export interface JoinedRoom {
  readonly nick: string;
  /** Nicknames in the room, up to `MAX_OCCUPANTS`: they tell newcomers from mere changes of presence. */
  readonly occupants: Map<string, OccupantRole | undefined>;
  /** True where the room gives stable ids (XEP-0359) or has an archive. Only then its ids are believed. */
  readonly hasStableIds: boolean;
}

/** Result of mapping a stanza: events or receipt for the app, reply for the sender. */
export interface InboundResult {
  readonly events?: readonly InboundEvent[];
  readonly receipt?: DeliveryReceipt;
  /** Stanza to send once the events were recorded. */
  readonly reply?: Stanza;
}

/** A connected account: the client that verbs work with. */
export interface Client {
  readonly stream: Stream;
  readonly context: ConnectionContext<Credentials>;
  /** Our bare JID. */
  readonly jid: string;
  /** Start of the resources of this app's sessions. */
  readonly resourcePrefix: string;
  /** Rooms that the account is in, by JID. */
  readonly rooms: Map<string, JoinedRoom>;
  readonly memory: MessageMemory;
  /** Mutable facts of the connection. */
  readonly status: ConnectionStatus;
  /** Wait in ms before a silent room or archive is tried again. */
  readonly retryMs: number;
  /** Longest time in ms for an orderly end of the session. */
  readonly endMs: number;
  /**
   * Shows each message and presence to a watcher first. The watcher returns true to consume the stanza. Returns a stop
   * function.
   */
  readonly watch: (watcher: (stanza: Stanza) => boolean) => () => void;
  /** Records the result of a stanza, then sends the reply. */
  readonly record: (result: InboundResult) => Promise<void>;
  /** Resolves when every stanza that came so far is recorded. */
  readonly handled: () => Promise<void>;
}

export interface ConnectionStatus {
  /** True where the account's server has an archive: only then the server's ids are believed. */
  hasArchive: boolean;
  /** Archives that did not answer yet, by room; "" is the account's own. Live messages must not move their cursors. */
  readonly pendingArchives: Set<string>;
  /** Rooms that could not be entered yet. */
  readonly pendingRooms: Set<string>;
  /** Called when a room refused a message from the account as a stranger. */
  onRoomLost: (room: string) => void;
}

/** Facts about the account that the mapping of stanzas needs. */
export interface Identity {
  /** Our bare JID. */
  readonly jid: string;
  /** The account's address as stored. */
  readonly address: string;
  readonly resourcePrefix: string;
  readonly rooms: ReadonlyMap<string, JoinedRoom>;
  readonly memory: MessageMemory;
  readonly hasArchive: boolean;
  readonly pendingArchives: ReadonlySet<string>;
}

export function identityOf({ jid, context, resourcePrefix, rooms, memory, status }: Client): Identity {
  const { hasArchive, pendingArchives } = status;
  return { jid, address: context.address, resourcePrefix, rooms, memory, hasArchive, pendingArchives };
}

/** Awaits an optional request: a server that refuses (StanzaError) makes the result undefined. */
export async function unlessRefused<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "StanzaError") return undefined;
    throw thrown;
  }
}

/** Awaits a request that a server may refuse or ignore. A time-out makes the result undefined as well. */
export async function unlessUnanswered<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await unlessRefused(work);
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === "platform-timeout") return undefined;
    throw thrown;
  }
}

/** Builds the presence that the app set last; `stored` is JSON `{show?, status?}`. */
export function presenceStanza(stored: string | undefined): Stanza {
  const { show, status } = JSON.parse(stored ?? "{}") as { readonly show?: string; readonly status?: string };
  const presence = xml("presence");
  if (show === "offline")
    return xml("presence", { type: "unavailable" }, ...(status ? [xml("status", {}, status)] : []));
  if (show !== undefined && show !== "online") presence.append(xml("show", {}, show));
  if (status !== undefined) presence.append(xml("status", {}, status));
  return presence;
}

/** Removes a room and its archive cursor from the state: later connections do not join. */
export async function forgetRoom({ context }: Client, room: string): Promise<void> {
  await context.state.write(`room ${room}`, undefined);
  await context.state.write(`archive ${room}`, undefined);
  const key = `room ${room}`;
  if ((await context.sealedState.read())[key] !== undefined) await context.sealedState.write(key, undefined);
}
