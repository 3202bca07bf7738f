-- Removes a topic from an actor's subscriptions.
-- KEYS: subscriptions counts
-- ARGV: topic
if redis.call('SREM', subscriptions, topic) == 1 then redis.call('HINCRBY', counts, 'subscriptions', -1) end
