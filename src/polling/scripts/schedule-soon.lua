-- Makes a topic due earlier.
-- USES: due record id
-- INCLUDE: clock

-- Makes the topic due at a time (Unix ms): directly while no worker polls the topic, otherwise when that poll ends.
local function scheduleSoon(time, now)
  local earlier = tonumber(redis.call('HGET', record, 'hasten') or '')
  if earlier and earlier < time then time = earlier end
  redis.call('HSET', record, 'hasten', time)
  local busyUntil = tonumber(redis.call('HGET', record, 'busy') or '0')
  if busyUntil <= now then redis.call('ZADD', due, 'XX', 'LT', time, id) end
end
