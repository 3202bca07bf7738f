import type { ResultEvent, TargetOutcome } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";

/** How long a dead letter is kept, and how many an app may have; the oldest give way. */
export const DEAD_LETTER_TTL_SECONDS = 7 * 24 * 3_600;
export const MAX_DEAD_LETTERS = 1_000;

/** Whether trying again later may help: the wait was over before the network was back, or our own workers gave it up. */
function mayHelp(error: EventError | undefined): boolean {
  return error !== undefined && (error.retryable || error.code === "internal-error");
}

/** A target that is worth a replay: not what was sent, nor what nobody knows of, nor what was refused for good. */
export function isUndelivered(target: TargetOutcome): boolean {
  return target.status === "expired" || (target.status === "failed" && mayHelp(target.error));
}

/** Whether an activity ended undelivered although it was tried: only then is it a dead letter. */
export function isDeadLetter({ status, attempts, target, error }: ResultEvent): boolean {
  if (attempts === 0) return false;
  if (status === "expired") return true;
  if (status !== "failed" && status !== "partial") return false;
  return target.length === 0 ? mayHelp(error) : target.some(isUndelivered);
}

/**
 * Lua: `bury(rid, retention)` remembers the record of this script among the app's dead letters (KEYS[13]) in the write that
 * makes it final, and keeps it as long as they are. What gives way lives on as any other finished rid.
 */
export const BURY_LUA = `
local function bury(rid, retention)
  local now = clock()
  redis.call('ZADD', KEYS[13], now, rid)
  redis.call('EXPIRE', KEYS[13], ${DEAD_LETTER_TTL_SECONDS})
  redis.call('ZREMRANGEBYSCORE', KEYS[13], '-inf', now - ${DEAD_LETTER_TTL_SECONDS * 1_000})
  local over = redis.call('ZCARD', KEYS[13]) - ${MAX_DEAD_LETTERS}
  if over > 0 then
    for at, old in ipairs(redis.call('ZPOPMIN', KEYS[13], over)) do
      if at % 2 == 1 then redis.call('EXPIRE', PREFIX .. old, retention, 'LT') end
    end
  end
  redis.call('EXPIRE', RECORD, ${DEAD_LETTER_TTL_SECONDS}, 'GT')
end
`;
