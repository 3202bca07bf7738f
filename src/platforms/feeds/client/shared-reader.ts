import type { Reader } from "./reader.ts";

/** One reader for all who need it now and then: its threads end when nobody has joined any more. */
export interface SharedReader {
  readonly join: () => Reader;
  readonly leave: () => Promise<void>;
  /** As `leave`, but the threads wait a while for the next to join. */
  readonly leaveLater: () => void;
}

const LATER_MS = 30_000;

/** Counts who uses a reader; see `SharedReader`. */
export function sharedReader(reader: Reader): SharedReader {
  let users = 0;
  let timer: NodeJS.Timeout | undefined;
  async function end(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    await reader.close();
  }
  return {
    join() {
      users += 1;
      clearTimeout(timer);
      timer = undefined;
      return reader;
    },
    async leave() {
      users -= 1;
      if (users === 0) await end();
    },
    leaveLater() {
      users -= 1;
      if (users > 0) return;
      timer = setTimeout(() => {
        // A thread that does not end ends with the process.
        end().catch(() => undefined);
      }, LATER_MS);
      timer.unref();
    },
  };
}
