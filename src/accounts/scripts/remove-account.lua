-- Deletes an account and its connection state.
-- KEYS: accounts account desiredOnline connectionState sealedState counts
-- ARGV: id member
-- RETURNS: 1 when there was one, else 0
-- INCLUDE: app-bytes
redis.call('SREM', desiredOnline, member)
addBytes(-tonumber(redis.call('HGET', account, 'bytes') or '0'))
redis.call('DEL', account, connectionState, sealedState)
return redis.call('SREM', accounts, id)
