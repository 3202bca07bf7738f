/** Semaphore with a queue per owner; the queues take turns. */
export interface FairSemaphore {
  /**
   * Resolves when a permit is free. `release` must give the permit back, for the same owner.
   * Each `owner` has its own queue, and the queues are served in turn. Rejects with the signal's reason when it aborts.
   */
  readonly acquire: (signal: AbortSignal, owner?: string) => Promise<void>;
  readonly release: (owner?: string) => void;
}

/** Shares of owners. They shrink with the permits that are free: owners that hang leave some for others. */
export interface OwnerShares {
  /** Permits of an owner for each free permit. */
  readonly perFree: number;
  /** Permits that only owners without any may take. */
  readonly reserve: number;
}

/** Creates a semaphore with `max` permits; each owner's queue is first in, first out. Without shares, owners take turns only. */
export function fairSemaphore(max: number, shares?: OwnerShares): FairSemaphore {
  /** Queues in the order in which their heads are served; none is empty. */
  const queues = new Map<string, Array<() => void>>();
  const permits = new Map<string, number>();
  let busy = 0;

  function mayTake(owner: string): boolean {
    if (busy >= max) return false;
    const held = permits.get(owner) ?? 0;
    return shares === undefined || held === 0 || held < (max - busy - shares.reserve) * shares.perFree;
  }

  function count(owner: string, change: 1 | -1): void {
    busy += change;
    const held = (permits.get(owner) ?? 0) + change;
    if (held > 0) permits.set(owner, held);
    else permits.delete(owner);
  }

  /** Lets the heads of queues go on, in turn, as far as there are permits. */
  function admitWaiting(): void {
    for (const [owner, queue] of queues) {
      if (busy >= max) return;
      if (!mayTake(owner)) continue;
      queues.delete(owner);
      const go = queue.shift();
      // The map's loop meets the owner again at the end.
      if (queue.length > 0) queues.set(owner, queue);
      count(owner, 1);
      go?.();
    }
  }

  return {
    acquire: async (signal, owner = "") => {
      signal.throwIfAborted();
      if (!queues.has(owner) && mayTake(owner)) {
        count(owner, 1);
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const queue = queues.get(owner) ?? [];
        queues.set(owner, queue);
        const go = () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        };
        const giveUp = () => {
          const waiting = queues.get(owner) ?? [];
          waiting.splice(waiting.indexOf(go), 1);
          if (waiting.length === 0) queues.delete(owner);
          reject(signal.reason);
        };
        queue.push(go);
        signal.addEventListener("abort", giveUp, { once: true });
      });
    },
    release: (owner = "") => {
      count(owner, -1);
      admitWaiting();
    },
  };
}
