import type { IrcMessage } from "irc-framework";
import { fairSemaphore } from "../../../platform/kit/semaphore.ts";
import { type Answer, type AnswerSettings, answer } from "./response-collector.ts";
import type { Pace } from "./token-bucket.ts";

export interface Asking {
  readonly lines: readonly string[];
  readonly signal: AbortSignal;
  /** Awaited when it is this work's turn, just before its first byte. */
  readonly before?: (() => Promise<void>) | undefined;
  /** Told when the first byte goes. */
  readonly onWrite?: () => void;
}

/** What the server said to some lines of ours. */
export interface Answered {
  readonly messages: readonly IrcMessage[];
  /** Whether more came than is kept. */
  readonly cut: boolean;
}

/** The commands of one connection: one piece of work at a time, so that each refusal belongs to somebody. */
export interface Exchanges {
  /** Rejects with what ended the connection, with the signal's reason, or with what `before` threw. */
  readonly ask: (asking: Asking) => Promise<Answered>;
  /** Offers what the server says; true when it is the answer to something of ours. */
  readonly take: (message: IrcMessage) => boolean;
  /** Ends all that is under way. */
  readonly end: (thrown: unknown) => void;
}

export interface ExchangesSettings extends Omit<AnswerSettings, "lines" | "labelled"> {
  readonly pace: Pace;
  /** Whether the server repeats our labels (IRCv3 labeled-response). */
  readonly labels: () => boolean;
  readonly write: (line: string) => void;
}

/** See `Exchanges`. */
export function exchanges(settings: ExchangesSettings): Exchanges {
  const turn = fairSemaphore(1);
  let current: Answer | undefined;
  let ended: { readonly thrown: unknown } | undefined;

  const alive = (): void => {
    if (ended) throw ended.thrown;
  };

  async function say(own: Answer, { signal, before, onWrite }: Asking): Promise<void> {
    for (const [index, line] of own.lines.entries()) {
      await settings.pace.take(signal);
      alive();
      if (index === 0) {
        await before?.();
        signal.throwIfAborted();
        alive();
        current = own;
        onWrite?.();
      }
      own.said();
      settings.write(line);
    }
  }

  async function spoken(asking: Asking, own: Answer): Promise<Answered> {
    await say(own, asking);
    return own.done;
  }

  return {
    ask: async (asking) => {
      alive();
      await turn.acquire(asking.signal);
      const own = answer({ ...settings, lines: asking.lines, labelled: settings.labels() });
      // The turn is held until the server has answered, also when the asker has stopped waiting.
      const work = spoken(asking, own).finally(() => {
        own.end(undefined);
        current = undefined;
        turn.release();
      });
      return untilAborted(work, asking.signal);
    },
    take: (message) => current?.take(message) ?? false,
    end: (thrown) => {
      ended ??= { thrown };
      current?.end(thrown);
    },
  };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
