import { fairSemaphore } from "../../../../platform/kit/semaphore.ts";
import type { Letter, Line, Posted } from "./connection.ts";

export interface Pool {
  /** Posts over an idle connection or a new one. Rejects with what opening a connection threw. */
  readonly post: (letter: Letter) => Promise<Posted>;
  readonly close: () => void;
}

export interface PoolSettings {
  readonly open: () => Promise<Line>;
  /** Connections at once. */
  readonly most: number;
  /** Letters after which a connection is given up: servers count too. */
  readonly letters?: number;
  readonly idleMs?: number;
}

/** Keeps a few SMTP connections to one server; a letter waits while all are busy. */
export function pool({ open, most, letters = 200, idleMs = 30_000 }: PoolSettings): Pool {
  const idle = new Map<Line, NodeJS.Timeout>();
  const { acquire: enter, release: leave } = fairSemaphore(most);
  let closed = false;

  function take(): Line | undefined {
    // The most recently used one, so that those not needed grow old.
    const found = [...idle].reverse().find(([line]) => line.healthy());
    if (!found) return undefined;
    clearTimeout(found[1]);
    idle.delete(found[0]);
    return found[0];
  }

  function give(line: Line): void {
    if (closed || !line.healthy() || line.used() >= letters) {
      line.close();
      return;
    }
    const timer = setTimeout(() => {
      idle.delete(line);
      line.close();
    }, idleMs);
    idle.set(line, timer.unref());
  }

  return {
    post: async (letter) => {
      letter.signal.throwIfAborted();
      await enter(letter.signal);
      try {
        for (;;) {
          const line = take() ?? (await open());
          const posted = await line.post(letter);
          give(line);
          if (line.used() === 1 || !gone(posted)) return posted;
        }
      } finally {
        leave();
      }
    },
    close: () => {
      closed = true;
      for (const [line, timer] of idle) {
        clearTimeout(timer);
        line.close();
      }
      idle.clear();
    },
  };
}

/** True when a connection turned out to be closed by the server while idle: nothing of the letter was read. */
function gone({ error, stage }: Posted): boolean {
  if (error === undefined || stage !== "envelope") return false;
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown };
  return responseCode === 421 || (responseCode === undefined && (code === "ECONNECTION" || code === "ESOCKET"));
}
