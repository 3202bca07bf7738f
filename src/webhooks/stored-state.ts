import { EVENT_FORMATS, type EventFormat } from "../event-formats/event-formats.ts";
import type { ReceiverHealth, RetryState } from "./delivery-store.ts";
import type { FailureStreak } from "./failure-streak.ts";

/** Health as the webhook's record stores it, in JSON. */
interface StoredHealth {
  readonly failing?: number;
  readonly lastAt?: number;
  readonly failingMs?: number;
  readonly misses: number;
  readonly retryAt: number;
}

/** Retry state of a conversation as stored, in JSON. Records of older versions have no `lastAt`. */
interface StoredRetry {
  readonly attempts: number;
  readonly since?: number;
  readonly lastAt?: number;
  readonly failingMs?: number;
  readonly retryAt: number;
}

/** Reads the format of a webhook's record; undefined for the log's own. */
export function parseFormat(stored: string | undefined): EventFormat | undefined {
  const format = EVENT_FORMATS.find((name) => name === stored);
  return format === "dragoman" ? undefined : format;
}

/** Parses stored health; no health means a healthy receiver. */
export function parseHealth(json: string | undefined): ReceiverHealth {
  if (json === undefined) return { consecutiveFailures: 0, retryAt: 0, streak: undefined };
  const { failing, misses, retryAt, ...stored } = JSON.parse(json) as StoredHealth;
  return { consecutiveFailures: misses, retryAt, streak: streakOf(failing, stored) };
}

/** Returns health as JSON for the webhook's record. */
export function formatHealth({ streak, consecutiveFailures, retryAt }: ReceiverHealth): string {
  const { since, ...evidence } = streak ?? {};
  const stored: StoredHealth = { misses: consecutiveFailures, retryAt, ...evidence };
  return JSON.stringify(since === undefined ? stored : { failing: since, ...stored });
}

/** Parses a conversation's stored retry state. */
export function parseRetry(json: string): RetryState {
  const { attempts, since, retryAt, ...stored } = JSON.parse(json) as StoredRetry;
  return { attempts, retryAt, streak: attempts === 0 ? undefined : streakOf(since, stored) };
}

/** Returns a retry state as JSON. */
export function formatRetry({ attempts, streak, retryAt }: RetryState): string {
  const stored: StoredRetry = { attempts, ...streak, retryAt };
  return JSON.stringify(stored);
}

function streakOf(
  since: number | undefined,
  { lastAt = since, failingMs = 0 }: Partial<FailureStreak>,
): FailureStreak | undefined {
  return since === undefined || lastAt === undefined ? undefined : { since, lastAt, failingMs };
}
