-- Creates an app with its first key.
-- KEYS: appNames apps app appKeys apiKey
-- ARGV: name appId keyId created fields...
-- RETURNS: 1, or 0 for a name in use
if redis.call('HSETNX', appNames, name, appId) == 0 then return 0 end
redis.call('SADD', apps, appId)
redis.call('HSET', app, 'name', name, 'created', created)
redis.call('SADD', appKeys, keyId)
redis.call('HSET', apiKey, unpack(fields))
return 1
