-- Moves a webhook to a cursor and drops its pending events, which the replay includes.
-- KEYS: webhook pending retries counts
-- ARGV: cursor
-- RETURNS: 1, or 0 without a webhook
-- INCLUDE: ./shared/pending-bytes
if redis.call('EXISTS', webhook) == 0 then return 0 end
redis.call('HSET', webhook, 'cursor', cursor)
redis.call('HINCRBY', webhook, 'moves', 1)
removeAllPendingBytes()
redis.call('DEL', pending, retries)
return 1
