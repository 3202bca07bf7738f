-- Appends a received event to the app's log, once per key. With a fence only for the account's owner. The mark of the
-- key is written together with the event: a crash can't lose a message.
-- KEYS: seen log epoch account connectionState
-- ARGV: eventKey event fence maxMarks markSeconds nextEpoch eventsKept state...
-- RETURNS: 'new', 'seen', or 'taken' by another owner
-- INCLUDE: ownership append
if fence ~= '' and not isOwner() then return 'taken' end
if #state > 0 then redis.call('HSET', connectionState, unpack(state)) end
if redis.call('ZSCORE', seen, eventKey) then return 'seen' end
append(event)
redis.call('ZADD', seen, redis.call('TIME')[1], eventKey)
redis.call('ZREMRANGEBYRANK', seen, 0, -1 - maxMarks)
redis.call('EXPIRE', seen, markSeconds)
return 'new'
