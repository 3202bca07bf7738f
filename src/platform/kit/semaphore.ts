/** A bounded number of places; whoever comes when all are taken waits in line. */
export interface FairSemaphore {
  /**
   * Resolves with a place, which `leave` must give back; rejects with the signal's reason when it aborts first. Each
   * `whose` has a line of its own, and the lines take turns.
   */
  readonly acquire: (signal: AbortSignal, whose?: string) => Promise<void>;
  readonly release: () => void;
}

/** Lets `most` pieces of work be under way at once, first come, first served within a line. */
export function fairSemaphore(most: number): FairSemaphore {
  /** In the order in which their heads are served; none is empty. */
  const lines = new Map<string, Array<() => void>>();
  let busy = 0;

  function next(): (() => void) | undefined {
    for (const [whose, line] of lines) {
      lines.delete(whose);
      const go = line.shift();
      if (line.length > 0) lines.set(whose, line);
      return go;
    }
    return undefined;
  }

  return {
    acquire: async (signal, whose = "") => {
      signal.throwIfAborted();
      if (busy < most) {
        busy += 1;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const line = lines.get(whose) ?? [];
        lines.set(whose, line);
        const go = () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        };
        const giveUp = () => {
          const now = lines.get(whose) ?? [];
          now.splice(now.indexOf(go), 1);
          if (now.length === 0) lines.delete(whose);
          reject(signal.reason);
        };
        line.push(go);
        signal.addEventListener("abort", giveUp, { once: true });
      });
    },
    release: () => {
      const go = next();
      // The place goes straight to the next in line, so that nobody can come between.
      if (go) go();
      else busy -= 1;
    },
  };
}
