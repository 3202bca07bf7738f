-- Ends an activity that no worker has committed, or, where `mayBeCommitted`, one that a worker left behind.
-- KEYS: record lane laneFence lanes due deadlines counts blobs keptBytes log epoch recordPrefix deadLetters retries ready busy drainer
-- KEYS: dsns
-- ARGV: rid member laneId status event packed mayBeCommitted nextEpoch eventsKept retentionSeconds maxBytes isDeadLetter
-- ARGV: deadLetterSeconds maxDeadLetters
-- RETURNS: { 'ended', outstanding lanes where a drainer must be woken, else 0 }, { 'final' }, { 'committed' } or
--   { 'missing' }
-- INCLUDE: clock ./shared/final ./shared/finish-record ./shared/leave-lane ./shared/mark-ready
local stored = readUnfinished()
local storedStatus, _, committed, attempts = unpack(stored or { 'sent' })
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

finishRecord(stored, attempts or '0')
redis.call('ZREM', due, member)
local wasHead = redis.call('LINDEX', lane, 0) == rid
redis.call('LREM', lane, 1, rid)
-- A drainer that has the lane claims its new head, or leaves it when empty.
if redis.call('SISMEMBER', busy, laneId) == 1 then return { 'ended', 0 } end
if redis.call('EXISTS', lane) == 0 then
  leaveLane(laneFence, counts, laneId)
  redis.call('ZREM', retries, laneId)
  redis.call('ZREM', ready, laneId)
elseif wasHead then
  redis.call('ZADD', lanes, clockText(0), laneId)
  redis.call('ZREM', retries, laneId)
  local outstandingLanes = math.max(countersOf(counts).lanes, 1)
  markReady(ready, laneId, outstandingLanes)
  return { 'ended', isDrained(drainer) and 0 or outstandingLanes }
end
return { 'ended', 0 }
