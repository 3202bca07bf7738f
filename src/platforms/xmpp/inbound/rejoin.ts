import { Failure } from "../../../model/failure.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import { type Client, forgetRoom } from "../client/client.ts";
import { enterRoom, type JoinRequest } from "../client/rooms.ts";
import { noResponse } from "../errors.ts";
import { catchUp } from "./catch-up.ts";

/** Enters all stored rooms again and records the messages said there meanwhile. */
export async function rejoinRooms(
  client: Client,
  state: Readonly<Record<string, string>>,
  passwords: Readonly<Record<string, string>>,
): Promise<void> {
  const rooms = Object.entries(state).filter(([key]) => key.startsWith("room "));
  await Promise.all(
    rooms.map(([key, nick]) => rejoinRoom(client, state, { room: key.slice(5), nick, password: passwords[key] })),
  );
}

async function rejoinRoom(
  client: Client,
  state: Readonly<Record<string, string>>,
  request: JoinRequest,
): Promise<void> {
  const cursor = state[`archive ${request.room}`];
  const since = cursor?.startsWith("@") ? cursor.slice(1) : undefined;
  const failure = await enterWithAnyNick(client, { ...request, since });
  if (!failure) {
    await catchUp(client, state, request.room);
    return;
  }
  if (failure.kind === "retryable" || failure.kind === "rate-limited") throw failure;
  // Banned, members only, a new password: the app is told, and has to join anew.
  await client.record({ event: lostRoom(client, request, failure) });
  await forgetRoom(client, request.room);
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

function lostRoom({ context }: Client, { room, nick }: JoinRequest, { code, message }: Failure): InboundEvent {
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
