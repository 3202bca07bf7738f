-- Records an activity's one outcome, removes it from its lane and claims the next.
-- KEYS: record lane laneFence lanes deadlines counts blobs keptBytes log epoch recordPrefix deadLetters receipt
-- ARGV: fence rid member laneId leaseMs status event attempts nextEpoch eventsKept retentionSeconds isDeadLetter
-- ARGV: deadLetterSeconds maxDeadLetters endedReceipt
-- RETURNS: the lane's state, see shared/claim-head.lua, or { 'lost' }
-- INCLUDE: ./shared/finish-record ./shared/claim-head
if redis.call('GET', laneFence) ~= fence then return { 'lost' } end
local storedStatus = redis.call('HGET', record, 'status')
if storedStatus and not FINAL[storedStatus] then
  redis.call('HSET', record, 'attempts', attempts)
  finishRecord()
  if endedReceipt ~= '' then redis.call('SET', receipt, endedReceipt, 'XX', 'KEEPTTL') end
end
redis.call('LREM', lane, 1, rid)
return claimHead(fence)
