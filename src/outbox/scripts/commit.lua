-- Marks an activity as committed, before its irreversible byte, and reports that it is being sent. The mark is the time.
-- The stored event tells later delivery receipts which activity they are about; the conversations list which activities
-- a "read up to" covers.
-- KEYS: record lane laneFence log epoch recordPrefix receipt conversations...
-- ARGV: fence nextEpoch eventsKept event receiptSeconds id maxConversation
-- RETURNS: 'committed' | 'lost' | 'over'
-- INCLUDE: append clock ./shared/final ./shared/is-current ./shared/is-taken-over ./shared/read-record
local status, expires, recordFence = unpack(readRecord(record, 'status', 'expires', 'fence') or {})
if not isCurrent(recordFence) then return 'lost' end
if FINAL[status] and isTakenOver() then return 'lost' end
if FINAL[status] or tonumber(expires) <= clock() then return 'over' end

redis.call('HSET', record, 'committed', clockText(0), 'status', 'sending')
append(event)
if receiptSeconds ~= '0' then
  redis.call('SET', receipt, event, 'EX', receiptSeconds)
  for _, conversation in ipairs(conversations) do
    redis.call('ZADD', conversation, clockText(0), id)
    redis.call('ZREMRANGEBYRANK', conversation, 0, -1 - maxConversation)
    redis.call('EXPIRE', conversation, receiptSeconds)
  end
end
return 'committed'
