import { setTimeout as delay } from "node:timers/promises";

/** Options of a recurring task. */
export interface RunEveryOptions {
  /** Ends the loop: no run starts after the abort; a run under way is awaited. */
  readonly signal: AbortSignal;
  /** Receives what a run throws; the loop goes on. */
  readonly onError: (error: unknown) => void;
  /** Whether the first run starts at once; default true. */
  readonly immediately?: boolean;
}

/**
 * Runs a task again and again until the signal aborts; runs never overlap.
 * `intervalMs` lies between the end of a run and the start of the next; a task may return another delay in milliseconds.
 * Resolves when the loop has ended and no run is under way. Never rejects while `onError` does not throw.
 */
export async function runEvery(
  intervalMs: number,
  task: () => Promise<number | undefined> | Promise<void>,
  options: RunEveryOptions,
): Promise<void> {
  const { signal, onError, immediately = true } = options;
  let pauseMs = immediately ? 0 : intervalMs;
  while (!signal.aborted) {
    if (pauseMs > 0 && !(await elapsed(pauseMs, signal))) return;
    pauseMs = intervalMs;
    try {
      pauseMs = (await task()) ?? intervalMs;
    } catch (error) {
      onError(error);
    }
  }
}

/** Waits for the time to pass; answers false when the signal aborted first. */
function elapsed(ms: number, signal: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal }).catch(() => false);
}
