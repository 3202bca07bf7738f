-- Puts a lane's head back until a time. Without doubt about its outcome the commit is withdrawn, and with it the receipt
-- that only a sent activity keeps.
-- KEYS: record laneFence lanes deadlines log epoch receipt retries busy
-- ARGV: fence member laneId retryAt extendMs attempts outcomes nextEpoch eventsKept event reason inDoubt note
-- RETURNS: 'deferred' | 'lost'
-- INCLUDE: append timeline ./shared/final ./shared/is-current ./shared/read-record
local status, expires, extended, recordFence = unpack(readRecord(record, 'status', 'expires', 'extended', 'fence') or {})
if not isCurrent(recordFence) or FINAL[status] then return 'lost' end

redis.call('HSET', record, 'status', 'deferred', 'retry', retryAt, 'attempts', attempts, 'takes', 0, 'suspicion', 0,
  'decided', outcomes, 'error', reason)
redis.call('HDEL', record, 'fence')
if inDoubt == '' then
  redis.call('HDEL', record, 'committed')
  redis.call('DEL', receipt)
end
local extension = tonumber(extendMs)
if extension > 0 then
  local extendedExpires = tonumber(expires) + extension
  redis.call('HSET', record, 'expires', extendedExpires, 'extended', tonumber(extended or '0') + extension)
  redis.call('ZADD', deadlines, extendedExpires, member)
end
redis.call('ZADD', lanes, retryAt, laneId)
redis.call('ZADD', retries, retryAt, laneId)
redis.call('SREM', busy, laneId)
append(event)
addNote(record, note)
return 'deferred'
