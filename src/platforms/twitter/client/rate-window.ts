/** X's rate limit of an endpoint, as this process last read it. `resetAt` is Unix ms by the local clock. */
export interface Limit {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: number;
}

/** State of one endpoint's rate limit. */
export interface RateWindow {
  limit: number;
  remaining: number;
  resetAt: number;
  /** Longest time to a reset that was seen: at most the length of a window. */
  length: number;
  /** Callers put off to later windows. */
  booked: number;
  inFlight: number;
  /** Unix ms until which no request is sent, independent of the window. */
  blockedUntil: number;
  /** True while no answer names a limit: then none is kept. */
  isUnlimited: boolean;
  /** Pending first request of a window, whose answer will name the limit. */
  probe: Promise<void> | undefined;
}

/** Pause after a 429 that names no time. */
const BLOCKED_MS = 15_000;

/** Creates the state of an endpoint that was never called. */
export function emptyWindow(): RateWindow {
  return {
    limit: 0,
    remaining: 0,
    resetAt: 0,
    length: 0,
    booked: 0,
    inFlight: 0,
    blockedUntil: 0,
    isUnlimited: false,
    probe: undefined,
  };
}

/** Ends an expired window; the next answer names the limit again. */
export function rollWindow(state: RateWindow, now: number): void {
  if (state.resetAt === 0 || state.resetAt > now) return;
  const windows = 1 + Math.floor((now - state.resetAt) / Math.max(1, state.length));
  state.booked = Math.max(0, state.booked - windows * state.limit);
  state.resetAt = 0;
}

/** Books a caller into the next window with room and returns the wait in ms. */
export function bookLater(state: RateWindow, now: number): number {
  const windowsAhead = Math.floor(state.booked / Math.max(1, state.limit));
  state.booked += 1;
  return state.resetAt - now + windowsAhead * state.length;
}

/** Returns the wait in ms of a caller that X answered with a 429. */
export function waitAfterRefusal(state: RateWindow, now: number): number {
  if (state.blockedUntil > now) return state.blockedUntil - now;
  return Math.max(1_000, state.resetAt > 0 && state.remaining <= 0 ? bookLater(state, now) : BLOCKED_MS);
}

/** Updates the window by an answer's rate headers; `isRefused` says that it was a 429. */
export function readRateHeaders(
  state: RateWindow,
  headers: Readonly<Record<string, string>>,
  isRefused: boolean,
  now: number,
): void {
  const window = limitIn(headers, "x-rate-limit", now);
  state.isUnlimited = window === undefined;
  if (window) updateWindow(state, window, now);
  const dailyLimits = ["x-user-limit-24hour", "x-app-limit-24hour"].map((name) => limitIn(headers, name, now));
  const exhausted = dailyLimits.flatMap((limit) => (limit && limit.remaining <= 0 ? [limit.resetAt] : []));
  if (isRefused && exhausted.length === 0) {
    if (window && window.remaining <= 0) state.remaining = 0;
    else state.blockedUntil = now + retryAfterIn(headers);
  }
  state.blockedUntil = Math.max(state.blockedUntil, ...exhausted);
}

function updateWindow(state: RateWindow, window: Limit, now: number): void {
  // Answers overtake each other: within a window the lowest number counts, unless nothing is in flight.
  const isSame = state.resetAt > 0 && Math.abs(window.resetAt - state.resetAt) < 1_500;
  if (isSame) state.remaining = state.inFlight > 0 ? Math.min(state.remaining, window.remaining) : window.remaining;
  else {
    state.remaining = window.remaining - state.inFlight;
    state.resetAt = window.resetAt;
  }
  state.limit = window.limit;
  state.length = Math.max(state.length, window.resetAt - now);
}

function retryAfterIn(headers: Readonly<Record<string, string>>): number {
  const seconds = headers["retry-after"] ?? "";
  return /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : BLOCKED_MS;
}

/**
 * Reads a triple of rate headers. The reset is counted from the answer's own `date`, so that the local clock need not be
 * right.
 */
function limitIn(headers: Readonly<Record<string, string>>, name: string, now: number): Limit | undefined {
  const [limit, remaining, reset] = ["limit", "remaining", "reset"].map((part) => {
    const text = headers[`${name}-${part}`] ?? "";
    return /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  }) as [number, number, number];
  if (Number.isNaN(limit + remaining + reset)) return undefined;
  const date = Date.parse(headers.date ?? "");
  const remainingMs = reset * 1_000 - (Number.isNaN(date) ? now : date);
  return { limit, remaining, resetAt: now + Math.min(Math.max(remainingMs, 1_000), 86_400_000) };
}
