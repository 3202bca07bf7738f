import { Failure } from "../../../model/failure.ts";

/** What Facebook's usage headers say of the Page's calls in the last hour. */
export interface Usage {
  /** The highest of its percentages; 100 is the end. */
  readonly percent: number;
  /** Until which time (Unix ms) Facebook takes no calls. */
  readonly pausedUntil: number;
}

export interface RateLimits {
  /** Takes a place for one call. Throws `platform-rate-limited` with the time of the next place where there is none now. */
  readonly acquire: () => void;
  /** What the answer said; `limited` when it was a refusal for calling too often, which then gets a place: in so many ms. */
  readonly settle: (headers: Readonly<Record<string, string>>, limited: boolean) => number;
  readonly usage: () => Usage;
}

/** From this percentage on calls are spaced, the more the closer the end comes. */
const SLOW_PERCENT = 80;
const SLOWEST_MS = 10_000;
/** Between the calls that waited for a pause to end. */
const STEP_MS = 100;
const PAUSE_MS = 5_000;
const PAUSE_MOST_MS = 15 * 60_000;
const REGAIN_MOST_MS = 24 * 3_600_000;
const PLACES_MOST = 10_000;

/**
 * The pace of one Page's calls. Facebook gives no number of calls left, only percentages and, once it is too late, the
 * minutes to wait; so whoever finds no place gets one of their own in line, and comes back for it.
 */
export function rateLimits(now: () => number = Date.now): RateLimits {
  let percent = 0;
  let pausedUntil = 0;
  let limits = 0;
  let last = 0;
  let places: number[] = [];

  function enter(): void {
    const at = now();
    const mine = at < pausedUntil ? -1 : places.findIndex((place) => place <= at);
    if (mine >= 0) places.splice(mine, 1);
    else {
      const next = nextPlace(at);
      if (next > at) throw full(keep(next) - at);
      last = next;
    }
  }

  function nextPlace(at: number): number {
    const gap = percent < SLOW_PERCENT ? 0 : (SLOWEST_MS * (percent - SLOW_PERCENT)) / (100 - SLOW_PERCENT);
    const isFree = gap === 0 && at >= pausedUntil;
    return Math.max(at, pausedUntil, isFree ? 0 : last + Math.max(gap, STEP_MS));
  }

  function keep(place: number): number {
    last = place;
    places = [...places.slice(1 - PLACES_MOST), place];
    return place;
  }

  function heard(headers: Readonly<Record<string, string>>, limited: boolean): number {
    const at = now();
    const said = usageIn(headers);
    if (said) percent = Math.min(100, said.percent);
    // Of calls that were under way together, the first to be refused says it all.
    const isNews = limited && at >= pausedUntil;
    if (isNews) limits += 1;
    else if (!limited) limits = 0;
    const guess = isNews ? Math.min(PAUSE_MOST_MS, PAUSE_MS * 2 ** Math.min(limits - 1, 20)) : 0;
    pausedUntil = Math.max(pausedUntil, at + Math.min(REGAIN_MOST_MS, said?.regainMs || guess));
    return limited ? keep(nextPlace(at)) - at : 0;
  }

  return { acquire: enter, settle: heard, usage: () => ({ percent, pausedUntil }) };
}

function full(retryAfterMs: number): Failure {
  const detail = "The Page has used up its calls for the moment; Facebook counts them over an hour.";
  return new Failure({ kind: "rate-limited", code: "platform-rate-limited", detail, retryAfterMs });
}

/** Reads `X-App-Usage`, `X-Page-Usage` and `X-Business-Use-Case-Usage`, which are JSON in headers. */
function usageIn(headers: Readonly<Record<string, string>>) {
  const all = ["x-app-usage", "x-page-usage", "x-business-use-case-usage"].flatMap((name) => numbersIn(headers[name]));
  if (all.length === 0) return undefined;
  const highest = (fits: (name: string) => boolean) =>
    Math.max(0, ...all.flatMap(([name, value]) => (fits(name) ? [value] : [])));
  return {
    percent: highest((name) => /^(call_count|total_cputime|total_time)$/.test(name)),
    regainMs: highest((name) => name === "estimated_time_to_regain_access") * 60_000,
  };
}

function numbersIn(header: string | undefined): ReadonlyArray<readonly [name: string, value: number]> {
  if (header === undefined || header.length > 10_000) return [];
  const found: Array<readonly [string, number]> = [];
  try {
    JSON.parse(header, (name: string, value: unknown) => {
      if (typeof value === "number" && value >= 0) found.push([name, value]);
      return value;
    });
  } catch {
    // A header that makes no sense says nothing about the pace.
    return [];
  }
  return found;
}
