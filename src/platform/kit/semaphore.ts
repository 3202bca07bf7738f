/** Semaphore with a queue per owner; the queues take turns. */
export interface FairSemaphore {
  /**
   * Resolves when a permit is free; `release` must give the permit back.
   * Each `owner` has its own queue, and the queues are served in turn. Rejects with the signal's reason when it aborts.
   */
  readonly acquire: (signal: AbortSignal, owner?: string) => Promise<void>;
  readonly release: () => void;
}

/** Creates a semaphore with `max` permits; each owner's queue is first in, first out. */
export function fairSemaphore(max: number): FairSemaphore {
  /** Queues in the order in which their heads are served; none is empty. */
  const queues = new Map<string, Array<() => void>>();
  let busy = 0;

  function next(): (() => void) | undefined {
    for (const [owner, queue] of queues) {
      queues.delete(owner);
      const go = queue.shift();
      if (queue.length > 0) queues.set(owner, queue);
      return go;
    }
    return undefined;
  }

  return {
    acquire: async (signal, owner = "") => {
      signal.throwIfAborted();
      if (busy < max) {
        busy += 1;
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
    release: () => {
      const go = next();
      // The permit passes directly to the next waiter, so that no other caller can take it.
      if (go) go();
      else busy -= 1;
    },
  };
}
