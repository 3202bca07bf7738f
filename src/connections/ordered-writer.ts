import { setTimeout as sleep } from "node:timers/promises";
import { OwnershipLost } from "../accounts/account-ownership.ts";
import type { Log } from "../model/log.ts";

const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 8_000;

/** Options of an ordered writer. */
export interface OrderedWriterOptions {
  /** Ends the retries. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Receives the error of a write that failed permanently, or `OwnershipLost`. */
  readonly onFailed: (error: unknown) => void;
}

/** Runs a write after all earlier writes. */
export type OrderedWriter = <T>(write: () => Promise<T>) => Promise<T>;

/**
 * Creates a writer that runs writes in order, and none after a failure.
 * An event that is not stored must not be passed by. A Redis that refuses for a moment (full, failing over) is retried
 * for a quarter of a minute and costs no connection: some networks would not repeat the event.
 */
export function orderedWriter({ signal, log, onFailed }: OrderedWriterOptions): OrderedWriter {
  let previous: Promise<unknown> = Promise.resolve();

  async function withRetries<T>(write: () => Promise<T>): Promise<T> {
    for (let delayMs = FIRST_RETRY_MS; ; delayMs *= 2) {
      try {
        return await write();
      } catch (err) {
        if (err instanceof OwnershipLost || delayMs > MAX_RETRY_MS || signal.aborted) throw err;
        log.warn({ err, delayMs }, "storing an inbound event failed; retrying");
        await sleep(delayMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  return (write) => {
    const current = previous.then(() => withRetries(write));
    previous = current;
    current.catch(onFailed);
    return current;
  };
}
