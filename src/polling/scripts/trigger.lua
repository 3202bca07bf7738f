-- Makes a topic due because the network pushed a change. Many triggers in a row become one per `minIntervalMs`.
-- KEYS: due record
-- ARGV: id minIntervalMs
-- INCLUDE: ./schedule-soon
if redis.call('EXISTS', record) == 0 then return end
local now = clock()
local time = tonumber(redis.call('HGET', record, 'pushed') or '0')
if time <= now then time = math.max(now, time + minIntervalMs) end
redis.call('HSET', record, 'pushed', time)
scheduleSoon(time, now)
