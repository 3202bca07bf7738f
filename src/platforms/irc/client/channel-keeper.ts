import type { ConnectionContext } from "../../../platform/connection.ts";
import { joinMissingChannels } from "./rejoin.ts";
import type { Session } from "./session.ts";

/** Longest wait between two attempts, in ms. */
const MAX_DELAY_MS = 600_000;

/** Tries stored channels again that did not let the account in after a reconnect. */
export interface ChannelKeeper {
  readonly start: () => void;
  readonly stop: () => void;
}

export interface ChannelKeeperOptions {
  readonly session: Session;
  readonly context: Pick<ConnectionContext<unknown>, "signal" | "log">;
  readonly firstDelayMs: number;
}

/** Creates the keeper; waits double, and end when the account is in all channels. */
export function channelKeeper({ session, context, firstDelayMs }: ChannelKeeperOptions): ChannelKeeper {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  function wait(delayMs: number): void {
    if (!isStopped) timer = setTimeout(() => void run(delayMs), delayMs);
  }

  async function run(delayMs: number): Promise<void> {
    try {
      const before = (await session.channels.stored()).filter(({ channel }) => !session.channels.has(channel));
      const missing = await joinMissingChannels(session, context.signal);
      for (const { channel } of before) if (session.channels.has(channel)) session.channels.reportEntered(channel);
      if (missing.length > 0) wait(Math.min(delayMs * 2, MAX_DELAY_MS));
    } catch (err) {
      context.log.debug({ err }, "connection ended while channels were joined again");
    }
  }

  return {
    start: () => wait(firstDelayMs),
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
