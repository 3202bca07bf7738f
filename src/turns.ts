/** A bounded number of places; whoever comes when all are taken waits in line. */
export interface Turns {
  /** Resolves with a place, which `leave` must give back; rejects with the signal's reason when it aborts first. */
  readonly enter: (signal: AbortSignal) => Promise<void>;
  readonly leave: () => void;
}

/** Lets `most` pieces of work be under way at once, first come, first served. */
export function turns(most: number): Turns {
  const waiting: Array<() => void> = [];
  let busy = 0;
  return {
    enter: async (signal) => {
      signal.throwIfAborted();
      if (busy < most) {
        busy += 1;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const go = () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        };
        const giveUp = () => {
          waiting.splice(waiting.indexOf(go), 1);
          reject(signal.reason);
        };
        waiting.push(go);
        signal.addEventListener("abort", giveUp, { once: true });
      });
    },
    leave: () => {
      const go = waiting.shift();
      // The place goes straight to the next in line, so that nobody can come between.
      if (go) go();
      else busy -= 1;
    },
  };
}
