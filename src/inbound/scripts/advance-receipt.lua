-- Stores the next state of an activity's receipts and appends the status event, if nobody else did meanwhile.
-- KEYS: receipts log epoch
-- ARGV: current advanced event nextEpoch eventsKept
-- RETURNS: 1, or 0 when the state has changed since
-- INCLUDE: append
if redis.call('GET', receipts) ~= current then return 0 end
redis.call('SET', receipts, advanced, 'KEEPTTL')
append(event)
return 1
