-- Revokes a key and remembers it for `ttlSeconds`; revoking twice changes nothing.
-- KEYS: apiKey appKeys
-- ARGV: keyId now ttlSeconds
-- RETURNS: 1, or 0 for an unknown key
redis.call('SREM', appKeys, keyId)
if redis.call('EXISTS', apiKey) == 0 then return 0 end
if redis.call('HSETNX', apiKey, 'revoked', now) == 1 then redis.call('EXPIRE', apiKey, ttlSeconds) end
return 1
