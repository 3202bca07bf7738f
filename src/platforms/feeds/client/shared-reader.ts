import type { Reader } from "./reader.ts";

/** A reader with counted users; its threads end with the last user. */
export interface SharedReader {
  readonly acquire: () => Reader;
  /** Ends the threads if this was the last user. */
  readonly release: () => Promise<void>;
  /** Releases as `release` does, but keeps the threads for a while for the next user. */
  readonly releaseLater: () => void;
}

const IDLE_MS = 30_000;

/** Shares a reader between all users of this process. */
export function sharedReader(reader: Reader): SharedReader {
  let users = 0;
  let timer: NodeJS.Timeout | undefined;
  async function close(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    await reader.close();
  }
  return {
    acquire() {
      users += 1;
      clearTimeout(timer);
      timer = undefined;
      return reader;
    },
    async release() {
      users -= 1;
      if (users === 0) await close();
    },
    releaseLater() {
      users -= 1;
      if (users > 0) return;
      timer = setTimeout(() => {
        // A thread that does not end ends with the process.
        close().catch(() => undefined);
      }, IDLE_MS);
      timer.unref();
    },
  };
}
