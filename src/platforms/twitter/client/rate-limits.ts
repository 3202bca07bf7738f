import { Failure } from "../../../model/failure.ts";
import {
  bookLater,
  emptyWindow,
  type Limit,
  type RateWindow,
  readRateHeaders,
  rollWindow,
  waitAfterRefusal,
} from "./rate-window.ts";

/** Permit for one request; exactly one of its three methods ends it. */
export interface Permit {
  /** X answered. Returns the wait in ms when the answer was a 429, else 0. */
  readonly settle: (headers: Readonly<Record<string, string>>, isRefused: boolean) => number;
  /** No answer came: whether X counted the request is unknown. */
  readonly abandon: () => void;
  /** Nothing was sent. */
  readonly release: () => void;
}

/**
 * The account's rate limits by endpoint, read from X's headers. Requests that do not fit are put off to the window that has
 * room, each behind those put off before; so no caller comes back in vain, and the queue itself never waits.
 */
export interface RateLimits {
  /** Waits only for a first request whose answer will name the limit. Throws `platform-rate-limited`. */
  readonly acquire: (endpoint: string, signal: AbortSignal) => Promise<Permit>;
  /** Pause in ms until the endpoint's next request that spreads the remaining requests evenly. */
  readonly spacingMs: (endpoint: string) => number;
  readonly limits: () => ReadonlyArray<Limit & { readonly endpoint: string }>;
}

/** Creates the limits of one account; unknown at first. */
export function rateLimits(now: () => number = Date.now): RateLimits {
  const windows = new Map<string, RateWindow>();
  const windowOf = (endpoint: string): RateWindow => {
    const window = windows.get(endpoint) ?? emptyWindow();
    windows.set(endpoint, window);
    return window;
  };

  return {
    async acquire(endpoint, signal) {
      const window = windowOf(endpoint);
      for (;;) {
        signal.throwIfAborted();
        const permit = tryAcquire(window, now);
        if (permit) return permit;
        await abortable(window.probe ?? Promise.resolve(), signal);
      }
    },
    spacingMs(endpoint) {
      const { resetAt, remaining } = windowOf(endpoint);
      return resetAt > now() ? (resetAt - now()) / Math.max(1, remaining) : 0;
    },
    limits: () =>
      [...windows].flatMap(([endpoint, { limit, remaining, resetAt }]) =>
        resetAt > now() ? [{ endpoint, limit, remaining, resetAt }] : [],
      ),
  };
}

/** Returns a permit, or undefined while another request's answer must be awaited. Throws when there is no room. */
function tryAcquire(window: RateWindow, now: () => number): Permit | undefined {
  const time = now();
  rollWindow(window, time);
  if (window.blockedUntil > time) throw rateLimited(window.blockedUntil - time);
  if (window.resetAt > 0 && window.remaining <= 0) throw rateLimited(bookLater(window, time));
  if (window.resetAt > 0 || window.isUnlimited) return createPermit(window, now);
  return window.probe ? undefined : createProbe(window, now);
}

function createPermit(window: RateWindow, now: () => number): Permit {
  const { resetAt } = window;
  window.remaining -= 1;
  window.inFlight += 1;
  return {
    settle: (headers, isRefused) => {
      window.inFlight -= 1;
      readRateHeaders(window, headers, isRefused, now());
      return isRefused ? waitAfterRefusal(window, now()) : 0;
    },
    abandon: () => {
      window.inFlight -= 1;
    },
    release: () => {
      window.inFlight -= 1;
      if (window.resetAt === resetAt) window.remaining += 1;
    },
  };
}

/** Creates the permit of a window's first request. All other requests wait for the answer, which names the limit. */
function createProbe(window: RateWindow, now: () => number): Permit {
  let finish: () => void = () => undefined;
  window.probe = new Promise((resolve) => {
    finish = () => {
      window.probe = undefined;
      resolve();
    };
  });
  const permit = createPermit(window, now);
  return {
    settle: (headers, isRefused) => {
      const waitMs = permit.settle(headers, isRefused);
      finish();
      return waitMs;
    },
    abandon: () => {
      permit.abandon();
      finish();
    },
    release: () => {
      permit.release();
      finish();
    },
  };
}

async function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<void>((_, reject) => {
    onAbort = () => reject(signal.reason);
  });
  signal.addEventListener("abort", onAbort, { once: true });
  await Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", onAbort));
}

function rateLimited(waitMs: number): Failure {
  return new Failure({
    kind: "rate-limited",
    code: "platform-rate-limited",
    detail: "X's rate limit for this account is reached; the request is repeated in the next window.",
    retryAfterMs: Math.max(1_000, Math.ceil(waitMs)),
  });
}
