/** Event of the log as the page keeps it. */
export interface LiveEvent {
  /** Cursor of the event. */
  readonly cursor: string;
  readonly text: string;
  readonly event: Readonly<Record<string, unknown>>;
}

/** Maximum number of events that the page keeps. */
export const MAX_EVENTS = 10_000;

/** Newest events of a stream. Adding costs the same however many there are. */
export interface EventBuffer {
  readonly add: (event: LiveEvent) => void;
  /** Number of events so far, also of those that are not kept any more. */
  readonly total: () => number;
  /** Returns the kept events that match, newest first. */
  readonly matching: (matches: (event: LiveEvent) => boolean) => readonly LiveEvent[];
  readonly clear: () => void;
}

/** Makes a ring of the newest events. */
export function eventBuffer(size: number = MAX_EVENTS): EventBuffer {
  let ring: LiveEvent[] = [];
  let total = 0;
  return {
    add: (event) => {
      ring[total % size] = event;
      total += 1;
    },
    total: () => total,
    matching: (matches) => {
      const found: LiveEvent[] = [];
      const kept = Math.min(total, size);
      for (let back = 1; back <= kept; back += 1) {
        const event = ring[(total - back) % size];
        if (event !== undefined && matches(event)) found.push(event);
      }
      return found;
    },
    clear: () => {
      ring = [];
      total = 0;
    },
  };
}
