import { Failure } from "../../../model/failure.ts";

/** What X's rate headers say of one endpoint, as this process last heard it. `resetAt` is Unix ms by our clock. */
export interface Limit {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: number;
}

/** A place for one request; exactly one of the two ends it. */
export interface Place {
  /** X answered. Gives the ms that the caller is put off for when that was a 429. */
  readonly answered: (headers: Readonly<Record<string, string>>, refused: boolean) => number;
  /** No answer came: whether X counted the request is not known. */
  readonly lost: () => void;
  /** Nothing left. */
  readonly unused: () => void;
}

/**
 * The account's budget of each endpoint, kept by X's rate headers. What does not fit is put off to the window in which it
 * will, each caller behind those put off before, so that nobody comes in vain and the queue itself never waits.
 */
export interface Budget {
  /** Waits for nobody but a first request whose answer will tell the limit. Throws `platform-rate-limited`. */
  readonly enter: (endpoint: string, signal: AbortSignal) => Promise<Place>;
  /** Pause until the endpoint's next request that spreads the rest of the budget evenly, in ms. */
  readonly spacing: (endpoint: string) => number;
  readonly limits: () => ReadonlyArray<Limit & { readonly endpoint: string }>;
}

interface State {
  limit: number;
  remaining: number;
  resetAt: number;
  /** The longest time to a reset that was seen: as long as a window, at most. */
  length: number;
  /** Callers put off to later windows. */
  booked: number;
  flying: number;
  /** Until then nothing goes, whatever the window says. */
  shutUntil: number;
  /** No answer told a limit so far: then none is kept. */
  unlimited: boolean;
  scout: Promise<void> | undefined;
}

/** A 429 that names no time is given this long. */
const SHUT_MS = 15_000;

/** See `Budget`. */
export function budget(now: () => number = Date.now): Budget {
  const states = new Map<string, State>();
  const stateOf = (endpoint: string): State => {
    const known = states.get(endpoint) ?? blank();
    states.set(endpoint, known);
    return known;
  };

  return {
    async enter(endpoint, signal) {
      const state = stateOf(endpoint);
      for (;;) {
        signal.throwIfAborted();
        const taken = taking(state, now);
        if (taken) return taken;
        await abortable(state.scout ?? Promise.resolve(), signal);
      }
    },
    spacing(endpoint) {
      const { resetAt, remaining } = stateOf(endpoint);
      return resetAt > now() ? (resetAt - now()) / Math.max(1, remaining) : 0;
    },
    limits: () =>
      [...states].flatMap(([endpoint, { limit, remaining, resetAt }]) =>
        resetAt > now() ? [{ endpoint, limit, remaining, resetAt }] : [],
      ),
  };
}

function blank(): State {
  return {
    limit: 0,
    remaining: 0,
    resetAt: 0,
    length: 0,
    booked: 0,
    flying: 0,
    shutUntil: 0,
    unlimited: false,
    scout: undefined,
  };
}

/** After a window's end its limit is not known until an answer tells it anew. */
function roll(state: State, at: number): void {
  if (state.resetAt === 0 || state.resetAt > at) return;
  const windows = 1 + Math.floor((at - state.resetAt) / Math.max(1, state.length));
  state.booked = Math.max(0, state.booked - windows * state.limit);
  state.resetAt = 0;
}

/** A place, or undefined while the answer to another's request must be awaited. Throws when there is none. */
function taking(state: State, now: () => number): Place | undefined {
  const at = now();
  roll(state, at);
  if (state.shutUntil > at) throw limited(state.shutUntil - at);
  if (state.resetAt > 0 && state.remaining <= 0) throw limited(putOff(state, at));
  if (state.resetAt > 0 || state.unlimited) return place(state, now);
  return state.scout ? undefined : scouted(state, now);
}

function putOff(state: State, at: number): number {
  const later = Math.floor(state.booked / Math.max(1, state.limit));
  state.booked += 1;
  return state.resetAt - at + later * state.length;
}

function refusedFor(state: State, at: number): number {
  if (state.shutUntil > at) return state.shutUntil - at;
  return Math.max(1_000, state.resetAt > 0 && state.remaining <= 0 ? putOff(state, at) : SHUT_MS);
}

function place(state: State, now: () => number): Place {
  const { resetAt } = state;
  state.remaining -= 1;
  state.flying += 1;
  return {
    answered: (headers, refused) => {
      state.flying -= 1;
      heard(state, headers, refused, now());
      return refused ? refusedFor(state, now()) : 0;
    },
    lost: () => {
      state.flying -= 1;
    },
    unused: () => {
      state.flying -= 1;
      if (state.resetAt === resetAt) state.remaining += 1;
    },
  };
}

/** The first request of a window; the others wait for its answer, since they can't know whether there is room for them. */
function scouted(state: State, now: () => number): Place {
  let done: () => void = () => undefined;
  state.scout = new Promise((resolve) => {
    done = () => {
      state.scout = undefined;
      resolve();
    };
  });
  const taken = place(state, now);
  return {
    answered: (headers, refused) => {
      const wait = taken.answered(headers, refused);
      done();
      return wait;
    },
    lost: () => {
      taken.lost();
      done();
    },
    unused: () => {
      taken.unused();
      done();
    },
  };
}

function heard(state: State, headers: Readonly<Record<string, string>>, refused: boolean, at: number): void {
  const window = windowOf(headers, "x-rate-limit", at);
  state.unlimited = window === undefined;
  if (window) begun(state, window, at);
  const days = ["x-user-limit-24hour", "x-app-limit-24hour"].map((name) => windowOf(headers, name, at));
  const spent = days.flatMap((day) => (day && day.remaining <= 0 ? [day.resetAt] : []));
  if (refused && spent.length === 0) {
    if (window && window.remaining <= 0) state.remaining = 0;
    else state.shutUntil = at + waitIn(headers);
  }
  state.shutUntil = Math.max(state.shutUntil, ...spent);
}

function begun(state: State, window: Limit, at: number): void {
  // Answers overtake each other: within one window the lowest word counts, unless nothing is under way.
  const same = state.resetAt > 0 && Math.abs(window.resetAt - state.resetAt) < 1_500;
  if (same) state.remaining = state.flying > 0 ? Math.min(state.remaining, window.remaining) : window.remaining;
  else {
    state.remaining = window.remaining - state.flying;
    state.resetAt = window.resetAt;
  }
  state.limit = window.limit;
  state.length = Math.max(state.length, window.resetAt - at);
}

function waitIn(headers: Readonly<Record<string, string>>): number {
  const seconds = headers["retry-after"] ?? "";
  return /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : SHUT_MS;
}

/** A triple of rate headers. Their reset is counted from the answer's own date, so that our clock need not be right. */
function windowOf(headers: Readonly<Record<string, string>>, name: string, at: number): Limit | undefined {
  const [limit, remaining, reset] = ["limit", "remaining", "reset"].map((part) => {
    const text = headers[`${name}-${part}`] ?? "";
    return /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  }) as [number, number, number];
  if (Number.isNaN(limit + remaining + reset)) return undefined;
  const date = Date.parse(headers.date ?? "");
  const left = reset * 1_000 - (Number.isNaN(date) ? at : date);
  return { limit, remaining, resetAt: at + Math.min(Math.max(left, 1_000), 86_400_000) };
}

async function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  let give: () => void = () => undefined;
  const aborted = new Promise<void>((_, reject) => {
    give = () => reject(signal.reason);
  });
  signal.addEventListener("abort", give, { once: true });
  await Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", give));
}

function limited(waitMs: number): Failure {
  return new Failure({
    kind: "rate-limited",
    code: "platform-rate-limited",
    detail: "X's rate limit for this account is used up; it goes on when X's window begins anew.",
    retryAfterMs: Math.max(1_000, Math.ceil(waitMs)),
  });
}
