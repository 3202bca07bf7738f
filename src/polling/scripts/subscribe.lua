-- Subscribes to a topic; a topic without earlier subscribers is due at once.
-- KEYS: due record subscribers
-- ARGV: id member platform topic
-- INCLUDE: clock
redis.call('SADD', subscribers, member)
redis.call('HSET', record, 'platform', platform, 'topic', topic)
redis.call('ZADD', due, 'NX', clock(), id)
