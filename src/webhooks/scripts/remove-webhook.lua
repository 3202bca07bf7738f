-- Deletes a webhook and its lease; without the lease its worker stops within a second.
-- KEYS: webhooks enabled webhook counts records...
-- ARGV: name member
-- RETURNS: 1 when there was one, else 0
-- INCLUDE: ./shared/pending-bytes
redis.call('SREM', enabled, member)
removeAllPendingBytes()
redis.call('DEL', unpack(records))
return redis.call('SREM', webhooks, name)
