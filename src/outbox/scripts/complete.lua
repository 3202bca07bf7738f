-- Records an activity's one outcome, removes it from its lane and claims the next.
-- KEYS: record lane laneFence lanes deadlines counts blobs keptBytes log epoch recordPrefix deadLetters receipt retries busy
-- KEYS: dsns
-- ARGV: fence rid member laneId leaseMs status event packed attempts nextEpoch eventsKept retentionSeconds maxBytes isDeadLetter
-- ARGV: deadLetterSeconds maxDeadLetters endedReceipt
-- RETURNS: the lane's state, see shared/claim-head.lua, or { 'lost' }
-- INCLUDE: ./shared/finish-record ./shared/claim-head
if redis.call('GET', laneFence) ~= fence then return { 'lost' } end
local stored = readRecord(record, 'status')
if stored and stored[1] and not FINAL[stored[1]] then
  finishRecord(attempts)
  if endedReceipt ~= '' then redis.call('SET', receipt, endedReceipt, 'XX', 'KEEPTTL') end
end
redis.call('LREM', lane, 1, rid)
return claimHead(lane, laneFence, counts, recordPrefix, laneId, fence, leaseMs)
