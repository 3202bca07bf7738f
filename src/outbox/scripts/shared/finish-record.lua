-- USES: record deadlines counts blobs rid member status event retentionSeconds isDeadLetter
-- INCLUDE: append ./dead-letter

-- Makes a record final: event, counters, retention. The attempts' state of a sent activity is not needed any more.
local function finishRecord()
  append(event)
  redis.call('HSET', record, 'status', status, 'result', event)
  if status == 'sent' then redis.call('HDEL', record, 'decided', 'retry', 'takes', 'deaths') end
  redis.call('EXPIRE', record, retentionSeconds)
  if isDeadLetter == '1' then addDeadLetter() end
  redis.call('ZREM', deadlines, member)
  redis.call('HINCRBY', counts, 'outstanding', -1)
  if status == 'sent' then redis.call('DEL', blobs) else redis.call('EXPIRE', blobs, retentionSeconds) end
end
