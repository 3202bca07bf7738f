import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Session } from "./session.ts";

/** The nick an account is to have, also when somebody else has it at the moment. */
export interface WantedNick {
  /** Begins to ask for it from time to time, as long as the account goes by another one. */
  readonly start: () => void;
  readonly stop: () => void;
  /** Another one is wanted from now on, and after each reconnect. */
  readonly change: (nick: string) => Promise<void>;
}

export interface WantedNickDeps {
  readonly session: Pick<Session, "ask" | "isOwn">;
  readonly hold: Pick<ConnectionContext<unknown>, "state" | "signal" | "log">;
  /** As the stored account says. */
  readonly named: string;
  /** The one to begin with. */
  readonly nick: string;
  /** The longest time between two tries; the first come sooner, since the one who has it may be our own last connection. */
  readonly everyMs: number;
}

/** See `WantedNick`. Accounts with their nick have no timer. */
export function keepNick({ session, hold: context, named, nick, everyMs }: WantedNickDeps): WantedNick {
  let wanted = nick;
  let timer: NodeJS.Timeout | undefined;
  let wait = Math.min(1_000, everyMs);

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  function start(): void {
    stop();
    if (session.isOwn(wanted)) return;
    timer = setTimeout(() => void regain(), wait);
    wait = Math.min(wait * 2, everyMs);
  }

  async function regain(): Promise<void> {
    try {
      await session.ask({ lines: [`NICK ${wanted}`], signal: context.signal });
      if (timer) start();
    } catch (error) {
      context.log.debug({ error }, "The connection ended while the nick was asked for");
    }
  }

  return {
    start,
    stop,
    change: async (to) => {
      wanted = to;
      stop();
      await context.state.write("nick", `${named} ${to}`);
    },
  };
}

/** The nick that an account took later, by its note; one that was stored anew under another name goes by that. */
export function renamed(named: string, note: string | undefined): string | undefined {
  return note?.startsWith(`${named} `) ? note.slice(named.length + 1) : undefined;
}
