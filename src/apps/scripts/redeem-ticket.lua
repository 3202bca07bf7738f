-- Redeems a ticket, once, into a session.
-- KEYS: ticket session
-- ARGV: secretHash ttlSeconds
-- RETURNS: the claims, or nil for an unknown ticket
local claims = redis.call('GETDEL', ticket)
if not claims then return false end
redis.call('HSET', session, 'secret', secretHash, 'claims', claims)
redis.call('EXPIRE', session, ttlSeconds)
return claims
