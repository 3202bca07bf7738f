import type { Memory } from "./state-schema.ts";

/** The shortest and the longest time between two polls, in ms. */
export interface Pace {
  readonly least: number;
  readonly most: number;
}

const HOUR_MS = 3_600_000;
export const PACE: Pace = { least: 15 * 60_000, most: 24 * HOUR_MS };
/** While a hub tells of news, polls are only there for what it forgets. */
const HUB_MS = 6 * HOUR_MS;
const SOON_MS = 60_000;

export interface Moment {
  readonly now: number;
  /** Of the answer: not to be asked again earlier. */
  readonly maxAgeMs: number;
  /** True when more is there than was brought. */
  readonly more: boolean;
  /** A hub that keeps its word tells of news. */
  readonly told: boolean;
  /** When the hub must be asked again. */
  readonly renewAt: number | undefined;
  /** 0 to 1. */
  readonly random: number;
}

/**
 * Milliseconds to the next poll: a quarter of the usual time between the feed's entries (an hour when they have no dates),
 * or a tenth of the time since the newest when that is longer; not less than the feed and its server ask for.
 */
export function nextMs(memory: Memory, moment: Moment, pace: Pace): number {
  const { now, maxAgeMs, more, told, renewAt, random } = moment;
  const quiet = now - Math.max(memory.newest ?? 0, memory.changed);
  const rhythm = more ? 0 : Math.max((memory.gapMs ?? 4 * HOUR_MS) / 4, quiet / 10);
  const asked = Math.max(maxAgeMs, memory.leastMs ?? 0, told ? HUB_MS : 0);
  const ms = Math.max(pace.least, Math.min(Math.max(rhythm, asked), pace.most)) * (1 + random / 10);
  const allowed = unskipped(now + ms, memory) - now;
  return renewAt === undefined ? allowed : Math.min(allowed, Math.max(SOON_MS, renewAt - now));
}

/** The first time from `at` on that is in no hour or day at which the feed wants to be left alone. */
function unskipped(at: number, { skipHours = [], skipDays = [] }: Pick<Memory, "skipHours" | "skipDays">): number {
  let time = at;
  for (let hours = 0; hours < 24 * 7; hours++) {
    const date = new Date(time);
    if (!skipHours.includes(date.getUTCHours()) && !skipDays.includes(date.getUTCDay())) return time;
    time = Math.ceil((time + 1) / HOUR_MS) * HOUR_MS;
  }
  return at;
}

/** `max-age` of a Cache-Control header in ms; 0 when it says none. */
export function maxAgeOf(header = ""): number {
  const seconds = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,9})/i.exec(header)?.[1];
  return seconds === undefined || /no-(cache|store)/i.test(header) ? 0 : Number(seconds) * 1_000;
}
