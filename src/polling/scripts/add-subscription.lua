-- Adds a topic to an actor's subscriptions, which are counted for the app.
-- KEYS: subscriptions counts
-- ARGV: topic maxSubscriptions
-- RETURNS: 'added' or 'full'
if redis.call('SISMEMBER', subscriptions, topic) == 1 then return 'added' end
if tonumber(redis.call('HGET', counts, 'subscriptions') or '0') >= tonumber(maxSubscriptions) then return 'full' end
redis.call('SADD', subscriptions, topic)
redis.call('HINCRBY', counts, 'subscriptions', 1)
return 'added'
