import type { IrcMessage } from "irc-framework";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";

/** A channel to join again after a reconnect. */
export interface StoredChannel {
  readonly channel: string;
  readonly password: string | undefined;
}

/** Channels that the account is in, and channels to join again after a reconnect. */
export interface JoinedChannels {
  readonly has: (channel: string) => boolean;
  /** Stores a channel and its password for later connections. */
  readonly store: (channel: string, password: string | undefined) => Promise<void>;
  readonly forget: (channel: string) => Promise<void>;
  readonly isStored: (channel: string) => Promise<boolean>;
  readonly stored: () => Promise<readonly StoredChannel[]>;
  /** Follows the account's own JOIN, PART and KICK messages. */
  readonly take: (message: IrcMessage) => void;
  /** Reports that a stored channel refused the account after a reconnect. */
  readonly reportRefused: (channel: string, reason: string) => void;
  /** Reports that a channel, which refused before, let the account in. */
  readonly reportEntered: (channel: string) => void;
}

export interface JoinedChannelsOptions {
  readonly context: ConnectionContext<Credentials>;
  readonly isOwnNick: (nick: string) => boolean;
  /** Lowers a name by this network's case mapping. */
  readonly fold: (name: string) => string;
  readonly push: (event: InboundEvent) => void;
}

/** More than any network allows; a hostile server could claim any number. */
const MAX_CHANNELS = 1_000;

export function joinedChannels({ context, isOwnNick, fold, push }: JoinedChannelsOptions): JoinedChannels {
  const joined = new Set<string>();
  const stateKey = (channel: string) => `room:${fold(channel)}`;

  async function forget(channel: string): Promise<void> {
    const key = stateKey(channel);
    if ((await context.state.read())[key] === undefined) return;
    await context.state.write(key, undefined);
    const passwords = await context.sealedState.read();
    if (passwords[key] !== undefined) await context.sealedState.write(key, undefined);
  }

  return {
    has: (channel) => joined.has(fold(channel)),
    store: async (channel, password) => {
      const key = stateKey(channel);
      await context.state.write(key, channel);
      const passwords = await context.sealedState.read();
      if (passwords[key] !== password) await context.sealedState.write(key, password);
    },
    forget,
    isStored: async (channel) => (await context.state.read())[stateKey(channel)] !== undefined,
    stored: async () => {
      const channels = Object.entries(await context.state.read()).filter(([key]) => key.startsWith("room:"));
      const passwords = channels.length > 0 ? await context.sealedState.read() : {};
      return channels.map(([key, channel]) => ({ channel, password: passwords[key] }));
    },
    take: ({ command, params, nick }) => {
      const [channel = "", kicked = ""] = params;
      if (command === "JOIN" && isOwnNick(nick) && joined.size < MAX_CHANNELS) joined.add(fold(channel));
      if (command === "PART" && isOwnNick(nick)) joined.delete(fold(channel));
      if (command !== "KICK" || !isOwnNick(kicked)) return;
      joined.delete(fold(channel));
      // A kicked account does not come back automatically.
      forget(channel).catch((err: unknown) =>
        context.log.warn({ err, channel }, "channel could not be removed from the state after a kick"),
      );
    },
    reportRefused: (channel, reason) =>
      push(ownEvent(context.address, channel, "leave", { type: "room", cause: "refused", reason })),
    reportEntered: (channel) => push(ownEvent(context.address, channel, "join", { type: "room" })),
  };
}

/** Makes an event of the account itself in a channel. */
function ownEvent(
  address: string,
  channel: string,
  verb: "join" | "leave",
  object: Readonly<Record<string, unknown>>,
): InboundEvent {
  const published = new Date().toISOString();
  return {
    key: `own:${verb}:${channel}:${published}`,
    event: {
      platform: "irc",
      verb,
      actor: { address },
      target: [{ address }],
      object,
      context: { type: "room", id: channel },
      published,
      self: true,
    },
  };
}
