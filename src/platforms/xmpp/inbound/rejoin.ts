import { Failure } from "../../../model/failure.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import { isOfArchive, overlapStart, parseCursor } from "../client/archive-cursor.ts";
import { type Client, forgetRoom } from "../client/client.ts";
import { enterRoom, type JoinRequest } from "../client/rooms.ts";
import { isRoomVerdict, noResponse } from "../errors.ts";
import { readArchive } from "./catch-up.ts";
import { retryLater } from "./retry-later.ts";

/** Longest wait for a room while the account connects, in ms. */
const MAX_ROOM_WAIT_MS = 10_000;

/**
 * Enters all stored rooms again and records the messages said there meanwhile. Rooms that do not answer or refuse for the
 * moment hold up nothing: they are entered later, while the account is online.
 */
export async function rejoinRooms(
  client: Client,
  state: Readonly<Record<string, string>>,
  passwords: Readonly<Record<string, string>>,
): Promise<void> {
  const rooms = Object.entries(state).filter(([key]) => key.startsWith("room "));
  await Promise.all(
    rooms.map(async ([key, nick]) => {
      const request = { room: key.slice(5), nick, password: passwords[key] };
      const rejoined = rejoinRoom(client, state, request);
      const failure = await client.stream.withTimeout(rejoined, MAX_ROOM_WAIT_MS).catch((thrown: unknown) => {
        if (thrown instanceof Failure) return thrown;
        throw thrown;
      });
      if (failure && !client.stream.isEnded()) await rejoinLater(client, request, failure);
    }),
  );
}

/**
 * Enters a room again and catches up. Records a `leave` and forgets the room where the room refuses for good. Returns
 * the failure where the room may let the account in later.
 */
export async function rejoinRoom(
  client: Client,
  state: Readonly<Record<string, string>>,
  request: JoinRequest,
): Promise<Failure | undefined> {
  const cursor = state[`archive ${request.room}`];
  const hadArchive = isOfArchive(cursor);
  const failure = await enterWithAnyNick(client, { ...request, hadArchive, since: historyStart(cursor) });
  if (!failure) {
    await readArchive(client, state, request.room);
    return undefined;
  }
  if (!isRoomVerdict(failure)) return failure;
  // Banned, members only, a new password, or no longer there: the app is told, and has to join anew.
  const cause = failure.platformCode === "gone" ? "destroyed" : "refused";
  await client.record({ events: [roomLeft(client, request, failure.message, cause)] });
  await forgetRoom(client, request.room);
  return undefined;
}

/**
 * Enters a room as soon as the room lets the account in. `failure` is reported as a `leave`; absent where a `leave` was
 * reported already.
 */
export async function rejoinLater(client: Client, request: JoinRequest, failure?: Failure): Promise<void> {
  const { room } = request;
  const { context, rooms, status } = client;
  if (status.pendingRooms.has(room)) return;
  status.pendingRooms.add(room);
  rooms.delete(room);
  const { code, platformCode, message = "" } = failure ?? {};
  context.log.info({ room, code, platformCode }, "room does not have the account; retrying");
  if (failure) await client.record({ events: [roomLeft(client, request, message, "shutdown")] });
  retryLater(client, async () => {
    const state = await context.state.read();
    const isStored = state[`room ${room}`] !== undefined;
    if (isStored && !rooms.has(room) && (await rejoinRoom(client, state, request))) return false;
    status.pendingRooms.delete(room);
    if (rooms.has(room)) await client.record({ events: [roomEntered(client, request)] });
    return true;
  });
}

/** Enters a room. Tries other nicknames where a former session still occupies the stored nickname. */
async function enterWithAnyNick(client: Client, request: JoinRequest): Promise<Failure | undefined> {
  let lastFailure: Failure = noResponse();
  for (const nick of [request.nick, `${request.nick}_`, `${request.nick}__`]) {
    try {
      await enterRoom(client, { ...request, nick });
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      lastFailure = thrown;
      if (thrown.code !== "nick-in-use") return thrown;
    }
  }
  return lastFailure;
}

/** Returns the start of the history to ask for. A room with an archive is read by its cursor instead. */
function historyStart(cursor: string | undefined): string | undefined {
  return cursor === undefined || isOfArchive(cursor) ? undefined : overlapStart(parseCursor(cursor));
}

/** Makes the event of a room that the account is out of. */
export function roomLeft(
  { context }: Client,
  { room, nick }: JoinRequest,
  reason: string,
  cause: "refused" | "shutdown" | "destroyed",
): InboundEvent {
  return ownRoomEvent(context.address, { room, nick }, "leave", { type: "room", cause, reason });
}

/** Makes the event of a room that the account has entered again. */
export function roomEntered({ context }: Client, request: JoinRequest): InboundEvent {
  return ownRoomEvent(context.address, request, "join", { type: "room" });
}

function ownRoomEvent(
  address: string,
  { room, nick }: JoinRequest,
  verb: string,
  object: Readonly<Record<string, unknown>>,
): InboundEvent {
  const published = new Date().toISOString();
  return {
    key: `l ${verb} ${room} ${published}`,
    event: {
      platform: "xmpp",
      verb,
      actor: { address: `${room}/${nick}`, name: nick.slice(0, 256) },
      target: [{ address }],
      object,
      context: { type: "room", id: room },
      published,
      self: true,
    },
  };
}
