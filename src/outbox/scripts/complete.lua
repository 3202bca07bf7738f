-- Records an activity's one outcome, removes it from its lane and claims the next.
-- KEYS: record lane laneFence lanes deadlines counts blobs keptBytes log epoch recordPrefix deadLetters receipt retries busy
-- KEYS: dsns
-- ARGV: fence rid member laneId leaseMs status event packed attempts nextEpoch eventsKept retentionSeconds maxBytes isDeadLetter
-- ARGV: deadLetterSeconds maxDeadLetters endedReceipt
-- RETURNS: the lane's state, see shared/claim-head.lua, or { 'lost' }
-- INCLUDE: ./shared/finish-record ./shared/claim-head ./shared/is-current ./shared/is-taken-over
local stored = readUnfinished()
if not stored or not isCurrent(stored[2]) then return { 'lost' } end
if FINAL[stored[1]] then
  if isTakenOver() then return { 'lost' } end
else
  finishRecord(stored, attempts)
  if endedReceipt ~= '' then redis.call('SET', receipt, endedReceipt, 'XX', 'KEEPTTL') end
end
-- The head, unless it was ended meanwhile.
local head = redis.call('LPOP', lane)
if head and head ~= rid then redis.call('LPUSH', lane, head) end
return claimHead(lane, laneFence, counts, recordPrefix, laneId, fence, leaseMs)
