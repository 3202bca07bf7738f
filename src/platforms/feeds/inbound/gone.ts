import { toEventError } from "../../../model/failure.ts";
import type { PollResult } from "../../../platform/polling.ts";
import { statusFailure } from "../errors.ts";
import type { PollInterval } from "./poll-interval.ts";
import { parseState } from "./state.ts";

/** Answers 410 in a row that end a feed. Sites answer 410 by mistake while they are rebuilt. */
export const GONE_ANSWERS = 5;
/** Time between two answers that count, in ms. */
export const GONE_MS = 6 * 3_600_000;

/** Answers 410 so far. */
interface GoneSeries {
  readonly answers: number;
  /** Unix ms of the last answer that counted. */
  readonly at: number;
}

/** Returns the result of a poll that was answered 410. The feed ends once the answer has stayed the same. */
export function goneResult(stored: string | undefined, { maxMs }: PollInterval, now: number): PollResult {
  const pauseMs = Math.min(GONE_MS, maxMs);
  const error = toEventError(statusFailure(410, undefined));
  const before = seriesIn(stored);
  const dueMs = before === undefined ? 0 : before.at + pauseMs - now;
  // A hub may cause a poll in between.
  if (before !== undefined && dueMs > pauseMs / 10) return { entries: [], state: stored ?? "", nextMs: dueMs, error };
  const series: GoneSeries = { answers: (before?.answers ?? 0) + 1, at: now };
  const state = JSON.stringify({ ...parseState(stored), gone: series });
  if (series.answers >= GONE_ANSWERS) return { entries: [], state, nextMs: pauseMs, ended: error };
  return { entries: [], state, nextMs: pauseMs, error };
}

function seriesIn(stored: string | undefined): GoneSeries | undefined {
  if (stored === undefined) return undefined;
  const { gone } = JSON.parse(stored) as { readonly gone?: GoneSeries };
  return gone;
}
