-- Adds a key to an app.
-- KEYS: appKeys apiKey
-- ARGV: keyId maxKeys fields...
-- RETURNS: 1, or 0 when the app has as many keys as allowed
if redis.call('SCARD', appKeys) >= tonumber(maxKeys) then return 0 end
redis.call('SADD', appKeys, keyId)
redis.call('HSET', apiKey, unpack(fields))
return 1
