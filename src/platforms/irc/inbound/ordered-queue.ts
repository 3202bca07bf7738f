import { setTimeout as after } from "node:timers/promises";
import type { Log } from "../../../model/log.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { InboundEvent } from "../../../platform/platform.ts";

/** Events that may wait for the event log before the server is no longer read. */
const MAX_WAITING = 64;
const RETRY_MS = 250;
const MAX_RETRY_MS = 5_000;

/** Records inbound events in order, one after the other. */
export interface OrderedQueue {
  readonly push: (event: InboundEvent) => void;
  /** Resolves when all events are recorded, when recording fails, or after `ms`. Takes no more events. */
  readonly close: (ms: number) => Promise<void>;
}

export interface OrderedQueueOptions {
  readonly record: ConnectionContext<unknown>["record"];
  /** Stops and resumes reading the server. IRC repeats nothing, so unrecorded lines have to wait there. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly log: Log;
}

/** Creates the queue. While Redis is away an event is retried; a worker that loses the account closes the queue. */
export function orderedQueue({ record, pause, resume, log }: OrderedQueueOptions): OrderedQueue {
  const waiting: InboundEvent[] = [];
  const closing = new AbortController();
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    for (let delayMs = RETRY_MS; waiting.length > 0; ) {
      try {
        await record(waiting[0] as InboundEvent);
        waiting.shift();
        delayMs = RETRY_MS;
        if (waiting.length === MAX_WAITING / 4) resume();
      } catch (err) {
        // Either Redis is away, which passes, or another worker owns the account and closes this session.
        log.debug({ err, waiting: waiting.length }, "inbound event could not be recorded; retrying");
        if (closing.signal.aborted) return;
        await after(delayMs, undefined, { signal: closing.signal }).catch(() => undefined);
        delayMs = Math.min(delayMs * 2, MAX_RETRY_MS);
      }
    }
    running = undefined;
  }

  return {
    push: (event) => {
      if (closing.signal.aborted) return;
      waiting.push(event);
      if (waiting.length >= MAX_WAITING) pause();
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
