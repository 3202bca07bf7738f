import { Failure } from "../../../model/failure.ts";

/** Usage of the Page's calls in the last hour, by Facebook's usage headers. */
export interface Usage {
  /** The highest of the percentages; 100 is the limit. */
  readonly percent: number;
  /** Unix ms until which Facebook accepts no calls. */
  readonly pausedUntil: number;
}

export interface RateLimits {
  /** Takes a slot for one call. Throws `platform-rate-limited` with the time of the caller's next slot. */
  readonly acquire: () => void;
  /**
   * Updates the usage by an answer's headers. `isRefused`: Facebook refused the call for its rate; the caller then gets a
   * later slot, in the returned ms.
   */
  readonly settle: (headers: Readonly<Record<string, string>>, isRefused: boolean) => number;
  readonly usage: () => Usage;
}

/** Percentage from which calls are spaced, wider toward the limit. */
const SPACED_FROM_PERCENT = 80;
const MAX_GAP_MS = 10_000;
/** Gap between calls that waited for a pause to end. */
const MIN_GAP_MS = 100;
const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 15 * 60_000;
const MAX_REGAIN_MS = 24 * 3_600_000;
const MAX_SLOTS = 10_000;

/**
 * Creates the rate limits of one Page. Facebook names no number of calls left, only percentages and, once it is too late,
 * the minutes to wait; so a caller without a slot is given a later one and comes back for it.
 */
export function rateLimits(now: () => number = Date.now): RateLimits {
  let percent = 0;
  let pausedUntil = 0;
  let refusals = 0;
  let lastSlot = 0;
  let reserved: number[] = [];

  function acquire(): void {
    const time = now();
    const index = time < pausedUntil ? -1 : reserved.findIndex((slot) => slot <= time);
    if (index >= 0) reserved.splice(index, 1);
    else {
      const slot = nextSlot(time);
      if (slot > time) throw rateLimited(reserve(slot) - time);
      lastSlot = slot;
    }
  }

  function nextSlot(time: number): number {
    const excess = (percent - SPACED_FROM_PERCENT) / (100 - SPACED_FROM_PERCENT);
    const gap = percent < SPACED_FROM_PERCENT ? 0 : MAX_GAP_MS * excess;
    const isFree = gap === 0 && time >= pausedUntil;
    return Math.max(time, pausedUntil, isFree ? 0 : lastSlot + Math.max(gap, MIN_GAP_MS));
  }

  function reserve(slot: number): number {
    lastSlot = slot;
    reserved = [...reserved.slice(1 - MAX_SLOTS), slot];
    return slot;
  }

  function settle(headers: Readonly<Record<string, string>>, isRefused: boolean): number {
    const time = now();
    const usage = usageIn(headers);
    if (usage) percent = Math.min(100, usage.percent);
    // Of calls in flight together, only the first refusal lengthens the pause.
    const isFirst = isRefused && time >= pausedUntil;
    if (isFirst) refusals += 1;
    else if (!isRefused) refusals = 0;
    const estimate = isFirst ? Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(refusals - 1, 20)) : 0;
    pausedUntil = Math.max(pausedUntil, time + Math.min(MAX_REGAIN_MS, usage?.regainMs || estimate));
    return isRefused ? reserve(nextSlot(time)) - time : 0;
  }

  return { acquire, settle, usage: () => ({ percent, pausedUntil }) };
}

function rateLimited(retryAfterMs: number): Failure {
  const detail = "The Page's call limit is reached; Facebook counts calls over an hour.";
  return new Failure({ kind: "rate-limited", code: "platform-rate-limited", detail, retryAfterMs });
}

/** Reads `X-App-Usage`, `X-Page-Usage` and `X-Business-Use-Case-Usage`, which hold JSON. */
function usageIn(headers: Readonly<Record<string, string>>) {
  const names = ["x-app-usage", "x-page-usage", "x-business-use-case-usage"];
  const numbers = names.flatMap((name) => numbersIn(headers[name]));
  if (numbers.length === 0) return undefined;
  const highest = (isRelevant: (name: string) => boolean) =>
    Math.max(0, ...numbers.flatMap(([name, value]) => (isRelevant(name) ? [value] : [])));
  return {
    percent: highest((name) => /^(call_count|total_cputime|total_time)$/.test(name)),
    regainMs: highest((name) => name === "estimated_time_to_regain_access") * 60_000,
  };
}

function numbersIn(header: string | undefined): ReadonlyArray<readonly [name: string, value: number]> {
  if (header === undefined || header.length > 10_000) return [];
  const numbers: Array<readonly [string, number]> = [];
  try {
    JSON.parse(header, (name: string, value: unknown) => {
      if (typeof value === "number" && value >= 0) numbers.push([name, value]);
      return value;
    });
  } catch {
    // An unreadable header says nothing about the usage.
    return [];
  }
  return numbers;
}
