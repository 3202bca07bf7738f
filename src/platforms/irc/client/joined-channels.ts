import type { IrcMessage } from "irc-framework";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";

/** In which rooms an account is, and in which it is to be after a reconnect. */
export interface Rooms {
  readonly has: (room: string) => boolean;
  /** Keeps a room, and its key, for whoever holds the account next. */
  readonly keep: (room: string, key: string | undefined) => Promise<void>;
  readonly forget: (room: string) => Promise<void>;
  /** Whether it was kept. */
  readonly keeps: (room: string) => Promise<boolean>;
  /** The rooms that are kept, with their keys. */
  readonly kept: () => Promise<ReadonlyArray<{ readonly room: string; readonly key: string | undefined }>>;
  /** Hears what the server says about our own coming and going. */
  readonly take: (message: IrcMessage) => void;
  /** Tells the app that a kept room did not let us in again. */
  readonly shutOut: (room: string, reason: string) => void;
}

export interface RoomsDeps {
  readonly hold: ConnectionContext<Credentials>;
  readonly isOwn: (nick: string) => boolean;
  /** A name in lower case, as this network understands it. */
  readonly fold: (name: string) => string;
  readonly put: (arrival: InboundEvent) => void;
}

/** More than any network lets one account join; a hostile server could claim any number. */
const ROOMS_MOST = 1_000;

/** See `Rooms`. */
export function rooms({ hold: context, isOwn, fold, put }: RoomsDeps): Rooms {
  const inside = new Set<string>();
  const noteOf = (room: string) => `room:${fold(room)}`;

  async function forget(room: string): Promise<void> {
    const { [noteOf(room)]: kept } = await context.state.read();
    if (kept === undefined) return;
    await context.state.write(noteOf(room), undefined);
    const keys = await context.sealedState.read();
    if (keys[noteOf(room)] !== undefined) await context.sealedState.write(noteOf(room), undefined);
  }

  return {
    has: (room) => inside.has(fold(room)),
    keep: async (room, key) => {
      await context.state.write(noteOf(room), room);
      const keys = await context.sealedState.read();
      if (keys[noteOf(room)] !== key) await context.sealedState.write(noteOf(room), key);
    },
    forget,
    keeps: async (room) => (await context.state.read())[noteOf(room)] !== undefined,
    kept: async () => {
      const notes = Object.entries(await context.state.read()).filter(([name]) => name.startsWith("room:"));
      const keys = notes.length > 0 ? await context.sealedState.read() : {};
      return notes.map(([name, room]) => ({ room, key: keys[name] }));
    },
    take: ({ command, params, nick }) => {
      const [room = "", kicked = ""] = params;
      if (command === "JOIN" && isOwn(nick) && inside.size < ROOMS_MOST) inside.add(fold(room));
      if (command === "PART" && isOwn(nick)) inside.delete(fold(room));
      if (command !== "KICK" || !isOwn(kicked)) return;
      inside.delete(fold(room));
      // Who was thrown out does not come back by itself.
      forget(room).catch((error: unknown) => context.log.warn({ error }, "A room could not be forgotten after a kick"));
    },
    shutOut: (room, reason) =>
      put({
        key: `out:${fold(room)}:${Date.now()}`,
        event: {
          platform: "irc",
          verb: "leave",
          actor: { address: context.address },
          target: [{ address: context.address }],
          object: { type: "room", body: reason },
          context: { type: "room", id: room },
          published: new Date().toISOString(),
          self: true,
        },
      }),
  };
}
