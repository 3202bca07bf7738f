import type { Reader, Readers } from "./reader.ts";

/** Readers with counted users; the threads end with the last user. */
export interface SharedReaders {
  readonly acquire: (app: string) => Reader;
  /** Ends the threads if this was the last user. */
  readonly release: () => Promise<void>;
  /** Releases as `release` does, but keeps the threads for a while for the next user. */
  readonly releaseLater: () => void;
}

const IDLE_MS = 30_000;

/** Shares readers between all users of this process. */
export function sharedReaders(readers: Readers): SharedReaders {
  let users = 0;
  let timer: NodeJS.Timeout | undefined;
  async function close(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    await readers.close();
  }
  return {
    acquire(app) {
      users += 1;
      clearTimeout(timer);
      timer = undefined;
      return readers.forApp(app);
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
