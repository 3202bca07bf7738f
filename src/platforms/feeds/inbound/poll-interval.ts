import type { FeedState } from "./state.ts";

/** Bounds of the time between two polls, in ms. */
export interface PollInterval {
  readonly minMs: number;
  readonly maxMs: number;
}

const HOUR_MS = 3_600_000;
export const POLL_INTERVAL: PollInterval = { minMs: 15 * 60_000, maxMs: 24 * HOUR_MS };
/** Interval with a working hub: polls then only find what the hub forgets. */
const HUB_MS = 6 * HOUR_MS;
const SOON_MS = 60_000;

/** Facts of one poll that the next interval depends on. */
export interface PollFacts {
  readonly now: number;
  /** `max-age` of the answer: the server's own minimum. */
  readonly maxAgeMs: number;
  /** True when new entries wait for the next poll. */
  readonly hasRemaining: boolean;
  /** True while a hub reliably announces new entries. */
  readonly isAnnounced: boolean;
  /** Time of the next request to the hub, Unix ms. */
  readonly renewAt: number | undefined;
  /** Jitter, 0 to 1. */
  readonly random: number;
}

/**
 * Returns the milliseconds to the next poll. They are a quarter of the mean time between the feed's entries (an hour without
 * dates), or a tenth of the time since the newest entry when longer, but not less than the feed and the server ask for.
 */
export function nextPollMs(state: FeedState, facts: PollFacts, { minMs, maxMs }: PollInterval): number {
  const { now, maxAgeMs, hasRemaining, isAnnounced, renewAt, random } = facts;
  const quietMs = now - Math.max(state.newest ?? 0, state.changed);
  const rhythmMs = hasRemaining ? 0 : Math.max((state.gapMs ?? 4 * HOUR_MS) / 4, quietMs / 10);
  const requestedMs = Math.max(maxAgeMs, state.leastMs ?? 0, isAnnounced ? HUB_MS : 0);
  const ms = Math.max(minMs, Math.min(Math.max(rhythmMs, requestedMs), maxMs)) * (1 + random / 10);
  const allowedMs = firstAllowed(now + ms, state) - now;
  return renewAt === undefined ? allowedMs : Math.min(allowedMs, Math.max(SOON_MS, renewAt - now));
}

/** Returns the first time from `start` on outside the feed's skipped hours and days. */
function firstAllowed(start: number, { skipHours = [], skipDays = [] }: FeedState): number {
  let time = start;
  for (let hours = 0; hours < 24 * 7; hours++) {
    const date = new Date(time);
    if (!skipHours.includes(date.getUTCHours()) && !skipDays.includes(date.getUTCDay())) return time;
    time = Math.ceil((time + 1) / HOUR_MS) * HOUR_MS;
  }
  return start;
}

/** Returns `max-age` of a Cache-Control header in ms; 0 without one. */
export function maxAgeOf(header = ""): number {
  const seconds = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,9})/i.exec(header)?.[1];
  return seconds === undefined || /no-(cache|store)/i.test(header) ? 0 : Number(seconds) * 1_000;
}
