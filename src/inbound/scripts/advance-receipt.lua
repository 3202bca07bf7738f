-- Stores the next state of an activity's receipts and appends the status event, if nobody else did meanwhile.
-- KEYS: receipts log epoch record
-- ARGV: current advanced event nextEpoch eventsKept note
-- RETURNS: 1, or 0 when the state has changed since
-- INCLUDE: append timeline
if redis.call('GET', receipts) ~= current then return 0 end
redis.call('SET', receipts, advanced, 'KEEPTTL')
append(event)
addNote(record, note)
return 1
