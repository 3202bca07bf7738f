-- Deletes a webhook and its lease; without the lease its worker stops within a second.
-- KEYS: webhooks enabled records...
-- ARGV: name member
-- RETURNS: 1 when there was one, else 0
redis.call('SREM', enabled, member)
redis.call('DEL', unpack(records))
return redis.call('SREM', webhooks, name)
