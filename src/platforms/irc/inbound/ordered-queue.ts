import { setTimeout as after } from "node:timers/promises";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { InboundEvent } from "../../../platform/platform.ts";

/** Arrivals that may wait for the event log before the server is no longer read. */
const WAITING_MOST = 64;
const RETRY_MS = 250;
const RETRY_MOST_MS = 5_000;

/** Hands arrivals to the core in order, one after the other. */
export interface Inbox {
  readonly put: (arrival: InboundEvent) => void;
  /** Resolves when all are handed over, or when that fails or takes longer than `ms`; takes no more. */
  readonly close: (ms: number) => Promise<void>;
}

export interface InboxDeps {
  readonly arrive: ConnectionContext<unknown>["record"];
  /** Stops and goes on with reading the server: IRC repeats nothing, so what can't be stored has to wait there. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** See `Inbox`. While Redis is away an arrival is tried again and again; who loses the account closes. */
export function inbox({ arrive, pause, resume }: InboxDeps): Inbox {
  const waiting: InboundEvent[] = [];
  const closing = new AbortController();
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    for (let wait = RETRY_MS; waiting.length > 0; ) {
      try {
        await arrive(waiting[0] as InboundEvent);
        waiting.shift();
        wait = RETRY_MS;
        if (waiting.length === WAITING_MOST / 4) resume();
      } catch {
        // Either Redis is away, which passes, or the account is another worker's, who then closes this session.
        if (closing.signal.aborted) return;
        await after(wait, undefined, { signal: closing.signal }).catch(() => undefined);
        wait = Math.min(wait * 2, RETRY_MOST_MS);
      }
    }
    running = undefined;
  }

  return {
    put: (arrival) => {
      if (closing.signal.aborted) return;
      waiting.push(arrival);
      if (waiting.length >= WAITING_MOST) pause();
      running ??= run();
    },
    close: async (ms) => {
      closing.abort();
      const timeout = new AbortController();
      await Promise.race([running, after(ms, undefined, { signal: timeout.signal }).catch(() => undefined)]);
      timeout.abort();
      waiting.length = 0;
    },
  };
}
