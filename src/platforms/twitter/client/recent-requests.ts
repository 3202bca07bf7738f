/** What this process knows of an attempt whose request left. */
export interface Try {
  /** When it left, Unix ms by our clock. */
  readonly at: number;
  /** Ids at X of the media that were uploaded for it, and so are in nothing else. */
  readonly media: readonly string[];
}

/** The account's latest attempts, so that of one whose answer was lost it can be said later which of X's things it is. */
export interface Tries {
  readonly left: (activity: string, media: readonly string[]) => void;
  readonly of: (activity: string) => Try | undefined;
  /** X answered a request with this id: so it is no other request's. */
  readonly answered: (id: string) => void;
  readonly isAnswered: (id: string) => boolean;
}

const KEPT_MOST = 1_000;

/** See `Tries`; forgets the oldest. */
export function tries(now: () => number = Date.now): Tries {
  const known = new Map<string, Try>();
  const answered = new Map<string, true>();
  return {
    left: (activity, media) => keep(known, activity, { at: now(), media }),
    of: (activity) => known.get(activity),
    answered: (id) => keep(answered, id, true),
    isAnswered: (id) => answered.has(id),
  };
}

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= KEPT_MOST) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    break;
  }
}
