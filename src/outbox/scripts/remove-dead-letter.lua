-- Removes a dead letter; its record lives on as any other finished rid's.
-- KEYS: deadLetters record
-- ARGV: rid retentionSeconds
-- RETURNS: 1 when it was there, else 0
redis.call('EXPIRE', record, retentionSeconds, 'LT')
return redis.call('ZREM', deadLetters, rid)
