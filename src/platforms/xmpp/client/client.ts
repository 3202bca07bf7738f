import { xml } from "@xmpp/client";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Credentials } from "../credentials.ts";
import type { Brought, Me, Room } from "../inbound/inbound.ts";
import type { Stanza } from "./library.ts";
import type { Stream } from "./stream.ts";

/** A held account: what the verbs work with. */
export interface Client {
  readonly stream: Stream;
  readonly hold: ConnectionContext<Credentials>;
  /** Our bare JID. */
  readonly me: string;
  /** How the resources of this app's sessions begin. */
  readonly prefix: string;
  /** The rooms that the account is in, by their JID. */
  readonly rooms: Map<string, Room>;
  /** Sees each message and presence before anybody else; true where it was meant for the watcher alone. Answers how to stop. */
  readonly watch: (look: (stanza: Stanza) => boolean) => () => void;
  /** Stores what a stanza brought. */
  readonly bring: (brought: Brought) => Promise<void>;
}

/** What the mapping of stanzas knows of an account. */
export function meOf({ me, hold: context, prefix, rooms }: Client): Me {
  return { bare: me, address: context.address, prefix, rooms };
}

/** What a server may know or not: its refusal changes nothing. */
export async function optional<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "StanzaError") return undefined;
    throw thrown;
  }
}

/** The presence as the app set it last, kept as JSON `{show?, status?}`. */
export function ownPresence(kept: string | undefined): Stanza {
  const { show, status } = JSON.parse(kept ?? "{}") as { readonly show?: string; readonly status?: string };
  const presence = xml("presence");
  if (show === "offline")
    return xml("presence", { type: "unavailable" }, ...(status ? [xml("status", {}, status)] : []));
  if (show !== undefined && show !== "online") presence.append(xml("show", {}, show));
  if (status !== undefined) presence.append(xml("status", {}, status));
  return presence;
}

/** A room that the account is out of for good is not entered again, nor is its archive read from where that ended. */
export async function forget({ hold: context }: Client, room: string): Promise<void> {
  await context.state.write(`room ${room}`, undefined);
  await context.state.write(`archive ${room}`, undefined);
  const name = `room ${room}`;
  if ((await context.sealedState.read())[name] !== undefined) await context.sealedState.write(name, undefined);
}

/** Maps what came; one odd stanza, live or archived, must not cost the session. */
export function meaning<T extends Brought>({ hold: context }: Client, map: () => T): Partial<T> {
  try {
    return map();
  } catch (thrown) {
    context.log.warn({ err: thrown instanceof Error ? thrown.name : "odd" }, "a stanza could not be read");
    return {};
  }
}
