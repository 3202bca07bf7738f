-- Ends an activity that no worker has committed, or, where `mayBeCommitted`, one that a worker left behind.
-- KEYS: record lane laneFence lanes due deadlines counts blobs keptBytes log epoch recordPrefix deadLetters
-- ARGV: rid member laneId status event mayBeCommitted nextEpoch eventsKept retentionSeconds isDeadLetter
-- ARGV: deadLetterSeconds maxDeadLetters
-- RETURNS: { 'ended', outstanding lanes where the lane has a new head, else 0 }, { 'final' }, { 'committed' } or
--   { 'missing' }
-- INCLUDE: clock ./shared/final ./shared/finish-record ./shared/leave-lane
local storedStatus, committed = unpack(redis.call('HMGET', record, 'status', 'committed'))
if not storedStatus then
  redis.call('ZREM', deadlines, member)
  redis.call('ZREM', due, member)
  return { 'missing' }
end
if FINAL[storedStatus] then
  redis.call('ZREM', deadlines, member)
  return { 'final' }
end
if committed and mayBeCommitted == '' then return { 'committed' } end

finishRecord()
redis.call('ZREM', due, member)
local wasHead = redis.call('LINDEX', lane, 0) == rid
redis.call('LREM', lane, 1, rid)
if redis.call('EXISTS', lane) == 0 then
  leaveLane()
elseif wasHead then
  redis.call('ZADD', lanes, clock(), laneId)
  return { 'ended', tonumber(redis.call('HGET', counts, 'lanes') or '1') }
end
return { 'ended', 0 }
