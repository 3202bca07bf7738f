import { EventSource } from "eventsource";

export interface HeardEvent {
  readonly cursor: string;
  /** Time of the log entry in Unix ms, by the clock of Redis. */
  readonly at: number;
  readonly type: string;
  readonly status?: string;
  readonly rid?: string | number;
  readonly error?: { readonly code: string; readonly detail: string };
}

/** Delay after an event before conditions are checked, in ms. Some read all events, so that bursts are checked once. */
const GATHER_MS = 20;

/** An always-on listener's own book. */
export interface EventListener {
  readonly events: readonly HeardEvent[];
  /** Number of `gap` events. */
  readonly gaps: () => number;
  /** Number of reconnects after a break. */
  readonly returns: () => number;
  /** Resolves once an event fits that was or will be heard; rejects after `timeoutMs`. */
  readonly until: (fits: () => boolean, timeoutMs: number) => Promise<void>;
  readonly close: () => void;
}

/**
 * Follows an app's stream with the `eventsource` package, which reconnects with the last event id. Resolves when the
 * stream is open.
 */
export async function eventListener(base: string, key: string): Promise<EventListener> {
  const events: HeardEvent[] = [];
  const waiting = new Set<() => void>();
  let willLook = false;
  const lookSoon = (): void => {
    if (willLook) return;
    willLook = true;
    setTimeout(() => {
      willLook = false;
      for (const check of waiting) check();
    }, GATHER_MS);
  };
  let gaps = 0;
  let opened = 0;
  const source = new EventSource(`${base}/events`, {
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${key}` } }),
  });
  source.onmessage = ({ data, lastEventId }) => {
    const event = JSON.parse(data as string) as Omit<HeardEvent, "cursor" | "at">;
    events.push({ ...event, cursor: lastEventId, at: writtenAt(lastEventId) });
    lookSoon();
  };
  source.addEventListener("gap", () => {
    gaps += 1;
  });
  await new Promise<void>((resolve) => {
    source.addEventListener("ready", () => {
      opened += 1;
      resolve();
    });
  });
  return {
    events,
    gaps: () => gaps,
    returns: () => opened - 1,
    until: (fits, timeoutMs) =>
      new Promise((resolve, reject) => {
        const over = (error?: Error): void => {
          clearTimeout(timer);
          waiting.delete(check);
          if (error) reject(error);
          else resolve();
        };
        const check = (): void => {
          if (fits()) over();
        };
        const timer = setTimeout(() => over(new Error("The events waited for did not come")), timeoutMs);
        waiting.add(check);
        check();
      }),
    close: () => source.close(),
  };
}

/** A cursor is `<epoch>.<stream id>`, and a stream id begins with Redis' time in ms. */
export function writtenAt(cursor: string): number {
  return Number(/\.(\d+)-/.exec(cursor)?.[1]);
}
