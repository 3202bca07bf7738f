-- USES: deadLetters record recordPrefix rid deadLetterSeconds maxDeadLetters
-- INCLUDE: clock

-- Keeps the record among the app's dead letters, in the write that makes it final. A dead letter that must make room
-- lives on as any other finished rid, for so many seconds.
local function addDeadLetter(seconds)
  local now = clock()
  redis.call('ZADD', deadLetters, now, rid)
  redis.call('EXPIRE', deadLetters, deadLetterSeconds)
  redis.call('ZREMRANGEBYSCORE', deadLetters, '-inf', now - deadLetterSeconds * 1000)
  local surplus = redis.call('ZCARD', deadLetters) - maxDeadLetters
  if surplus > 0 then
    local removed = redis.call('ZPOPMIN', deadLetters, surplus)
    for i = 1, #removed, 2 do
      redis.call('EXPIRE', recordPrefix .. removed[i], seconds, 'LT')
    end
  end
  redis.call('EXPIRE', record, deadLetterSeconds, 'GT')
end
