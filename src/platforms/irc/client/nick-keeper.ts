import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Session } from "./session.ts";

/** Delay of the first attempt to regain a nick, in ms; later delays double. */
const FIRST_DELAY_MS = 1_000;

/** Keeps the account's wanted nick, also while the nick is taken. */
export interface NickKeeper {
  /** Starts to request the wanted nick, while the account has another nick. */
  readonly start: () => void;
  readonly stop: () => void;
  /** Stores another wanted nick, for this connection and later ones. */
  readonly change: (nick: string) => Promise<void>;
}

export interface NickKeeperOptions {
  readonly session: Pick<Session, "request" | "isOwnNick">;
  readonly context: Pick<ConnectionContext<unknown>, "state" | "signal" | "log">;
  /** Nick of the stored account. */
  readonly accountNick: string;
  /** Nick wanted at the start. */
  readonly nick: string;
  /** Longest delay between attempts. The first come sooner: a former connection of ours may occupy the nick. */
  readonly maxDelayMs: number;
}

/** Creates the keeper; an account with its wanted nick has no timer. */
export function nickKeeper({ session, context, accountNick, nick, maxDelayMs }: NickKeeperOptions): NickKeeper {
  let wantedNick = nick;
  let timer: NodeJS.Timeout | undefined;
  let delayMs = Math.min(FIRST_DELAY_MS, maxDelayMs);

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  function start(): void {
    stop();
    if (session.isOwnNick(wantedNick)) return;
    timer = setTimeout(() => void regain(), delayMs);
    delayMs = Math.min(delayMs * 2, maxDelayMs);
  }

  async function regain(): Promise<void> {
    try {
      await session.request({ lines: [`NICK ${wantedNick}`], signal: context.signal });
      if (timer) start();
    } catch (err) {
      context.log.debug({ err }, "connection ended while the nick was requested");
    }
  }

  return {
    start,
    stop,
    change: async (next) => {
      wantedNick = next;
      stop();
      await context.state.write("nick", `${accountNick} ${next}`);
    },
  };
}

/** Reads the nick that an account took later. Undefined where the account was stored with another nick since. */
export function storedNick(accountNick: string, stored: string | undefined): string | undefined {
  return stored?.startsWith(`${accountNick} `) ? stored.slice(accountNick.length + 1) : undefined;
}
