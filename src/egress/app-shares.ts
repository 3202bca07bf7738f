import { type FairSemaphore, fairSemaphore } from "../platform/kit/semaphore.ts";

interface Share {
  readonly semaphore: FairSemaphore;
  users: number;
}

/** Shares of a resource, one per app (or part of one), whatever other apps use. */
export class AppShares {
  readonly #maxPerApp: number;
  readonly #shares = new Map<string, Share>();

  constructor(maxPerApp: number) {
    this.#maxPerApp = maxPerApp;
  }

  /** Runs work within the app's share. Waits while the share is used up, until `signal` aborts. */
  async run<T>(app: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const share = this.#shares.get(app) ?? { semaphore: fairSemaphore(this.#maxPerApp), users: 0 };
    this.#shares.set(app, share);
    share.users += 1;
    try {
      await share.semaphore.acquire(signal);
      try {
        return await work();
      } finally {
        share.semaphore.release();
      }
    } finally {
      share.users -= 1;
      if (share.users === 0) this.#shares.delete(app);
    }
  }
}
