import { xml } from "@xmpp/client";
import type { Client } from "../client/client.ts";
import { bare } from "../client/jid.ts";
import { attr } from "../client/stanza.ts";
import { rejoinLater, rejoinRoom, roomEntered } from "./rejoin.ts";

/** Milliseconds of a room's silence before the account checks its membership. */
export const SELF_PING_MS = 120_000;

/** Refusals of a self-ping by a room that still has the account (XEP-0410 section 3). */
const STILL_JOINED = new Set(["service-unavailable", "feature-not-implemented", "item-not-found"]);

/**
 * Checks silent rooms by self-ping (XEP-0410) and rejoins rooms that lost the account. A room's server
 * may restart without a word. The account would then stay deaf. Ends with the stream.
 */
export function monitorRooms(client: Client, intervalMs: number): void {
  const heardAt = new Map<string, number>();
  const checking = new Set<string>();
  client.watch((stanza) => {
    const room = bare(attr(stanza, "from") ?? "");
    if (client.rooms.has(room)) heardAt.set(room, Date.now());
    return false;
  });

  async function isOut(room: string, nick: string): Promise<boolean> {
    try {
      await client.stream.request("get", xml("ping", { xmlns: "urn:xmpp:ping" }), `${room}/${nick}`);
      return false;
    } catch (thrown) {
      const { name, condition } = thrown as { readonly name?: unknown; readonly condition?: unknown };
      if (name !== "StanzaError") throw thrown;
      return !STILL_JOINED.has(String(condition));
    }
  }

  async function check(room: string): Promise<void> {
    const joined = client.rooms.get(room);
    if (!joined || checking.has(room)) return;
    checking.add(room);
    try {
      if (await isOut(room, joined.nick)) await rejoin(room, joined.nick);
      heardAt.set(room, Date.now());
    } finally {
      checking.delete(room);
    }
  }

  async function rejoin(room: string, nick: string): Promise<void> {
    const { state, sealedState } = client.context;
    const request = { room, nick, password: (await sealedState.read())[`room ${room}`] };
    client.context.log.info({ room }, "room lost the account; joining again");
    const failure = await rejoinRoom(client, await state.read(), request);
    if (client.stream.isEnded()) return;
    if (failure) await rejoinLater(client, request, failure);
    else if ((await state.read())[`room ${room}`] === undefined) client.rooms.delete(room);
    else await client.record({ events: [roomEntered(client, request)] });
  }

  const checkLater = (room: string): void => {
    check(room).catch((err: unknown) => client.context.log.debug({ err, room }, "membership of a room is unknown"));
  };
  client.status.onRoomLost = checkLater;
  const timer = setInterval(() => {
    if (client.stream.isEnded()) return clearInterval(timer);
    for (const room of client.rooms.keys()) if (Date.now() - (heardAt.get(room) ?? 0) >= intervalMs) checkLater(room);
  }, intervalMs);
  timer.unref();
}
