-- Deletes an account and its connection state.
-- KEYS: accounts account desiredOnline connectionState sealedState
-- ARGV: id member
-- RETURNS: 1 when there was one, else 0
redis.call('SREM', desiredOnline, member)
redis.call('DEL', account, connectionState, sealedState)
return redis.call('SREM', accounts, id)
