import { setTimeout as delay } from "node:timers/promises";
import { type TokenBucket, tokenBucket } from "../../../platform/kit/token-bucket.ts";
import { pacedFailure } from "../errors.ts";

/** Limits of the Bot API FAQ. 1 message per second and chat, 20 per minute and group, 30 per second in all. */
const PERSON = { capacity: 3, perSecond: 1 };
const GROUP = { capacity: 5, perSecond: 20 / 60 };
const ALL = { capacity: 30, perSecond: 30 };
/** Longest wait inside an attempt; longer ones are deferred. */
const MAX_WAIT_MS = 2_000;
const MAX_CHATS = 10_000;

/** Pacing of one bot's messages. */
export interface Pacing {
  /** Waits for room in the chat's rate. Throws a `rate-limited` failure where the wait would be long. */
  readonly acquire: (chat: string, signal: AbortSignal) => Promise<void>;
}

/** Creates the pacing of one bot. State is per process, Telegram's own `retry_after` is the authority. */
export function pacing(): Pacing {
  const chats = new Map<string, TokenBucket>();
  const all = tokenBucket(ALL);

  function bucketOf(chat: string): TokenBucket {
    const known = chats.get(chat);
    if (known) return known;
    if (chats.size >= MAX_CHATS) for (const [name, bucket] of chats) if (bucket.isFull()) chats.delete(name);
    const created = tokenBucket(/^\d/.test(chat) ? PERSON : GROUP);
    chats.set(chat, created);
    return created;
  }

  return {
    async acquire(chat, signal) {
      const bucket = bucketOf(chat);
      const waitMs = Math.max(bucket.take(), all.take());
      if (waitMs > MAX_WAIT_MS) {
        bucket.putBack();
        all.putBack();
        throw pacedFailure(waitMs);
      }
      if (waitMs > 0) await delay(waitMs, undefined, { signal });
    },
  };
}
