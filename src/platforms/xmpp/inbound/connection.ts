import type { ConnectionContext } from "../../../platform/connection.ts";
import { type Client, forgetRoom, identityOf } from "../client/client.ts";
import { announcePresence, openClient, type XmppSettings } from "../client/connect.ts";
import { bare } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { attr } from "../client/stanza.ts";
import type { Credentials } from "../credentials.ts";
import { closedByServer, loginFailure } from "../errors.ts";
import { readArchive } from "./catch-up.ts";
import { mapSafely } from "./map-safely.ts";
import { inboundMessage } from "./message.ts";
import { requestOfflineMessages } from "./offline-messages.ts";
import { orderedQueue } from "./ordered-queue.ts";
import { inboundPresence } from "./presence.ts";
import { rejoinLater, rejoinRooms } from "./rejoin.ts";
import { monitorRooms, SELF_PING_MS } from "./room-monitor.ts";
import { inboundRoomPresence, type RoomChange } from "./room-presence.ts";

/** Connects an account, catches up and rejoins its rooms. Rejects with errors that `classifyError` knows. */
export async function connectAccount(context: ConnectionContext<Credentials>, settings: XmppSettings): Promise<Client> {
  try {
    return await openAccount(context, settings);
  } catch (thrown) {
    throw loginFailure(thrown);
  }
}

async function openAccount(context: ConnectionContext<Credentials>, settings: XmppSettings): Promise<Client> {
  const state = await context.state.read();
  let isReady = false;
  let ended: { readonly thrown: unknown } | undefined;
  const queue = orderedQueue({
    handle: async (stanza) => handleStanza(client, stanza),
    pause: (isPaused) => client.stream.pause(isPaused),
    fail: (thrown) => client.stream.fail(thrown),
  });
  const client = await openClient({
    context,
    state,
    settings,
    onStanza: queue.push,
    handled: () => queue.run(async () => undefined),
    onEnd: (thrown) => {
      ended = { thrown };
      if (isReady && !context.signal.aborted) context.onDisconnected(thrown);
    },
  });
  // Once the account is online, its end is orderly: see `endSession`.
  const stop = () => client.stream.fail(context.signal.reason);
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    if (context.signal.aborted) stop();
    await announcePresence(client, state);
    const archive = await readArchive(client, state, undefined);
    client.status.hasArchive = archive !== "none";
    if (archive === "none") requestOfflineMessages(client);
    await rejoinRooms(client, state, await context.sealedState.read());
    queue.open();
    if (ended) throw ended.thrown ?? closedByServer();
    isReady = true;
    context.signal.removeEventListener("abort", stop);
    monitorRooms(client, settings.xmppSelfPingMs ?? SELF_PING_MS);
    return client;
  } catch (thrown) {
    await client.stream.close();
    throw ended?.thrown ?? thrown;
  }
}

/** Records the event of one stanza and follows changes of the account's own rooms. */
async function handleStanza(client: Client, stanza: Stanza): Promise<void> {
  const sender = bare(attr(stanza, "from") ?? "");
  const room = stanza.name === "presence" ? client.rooms.get(sender) : undefined;
  const { out, renamed, ...result } = mapSafely(client, (): RoomChange => {
    if (stanza.name === "message") return inboundMessage(stanza, identityOf(client));
    return room ? inboundRoomPresence(stanza, identityOf(client), room) : inboundPresence(stanza, identityOf(client));
  });
  if (room && renamed !== undefined) {
    client.rooms.set(sender, { ...room, nick: renamed });
    await client.context.state.write(`room ${sender}`, renamed);
  }
  if (out !== undefined) client.rooms.delete(sender);
  // The event is recorded before the room is forgotten: a break in between records the event again.
  await client.record(result);
  if (out === "for now" && room) {
    const password = (await client.context.sealedState.read())[`room ${sender}`];
    await rejoinLater(client, { room: sender, nick: room.nick, password });
  }
  if (out === "for good") await forgetRoom(client, sender);
}
