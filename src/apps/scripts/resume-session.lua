-- Resumes a ticket's session, which extends the session.
-- KEYS: session
-- ARGV: secretHash ttlSeconds
-- RETURNS: the claims, or nil for a wrong secret
if redis.call('HGET', session, 'secret') ~= secretHash then return false end
redis.call('EXPIRE', session, ttlSeconds)
return redis.call('HGET', session, 'claims')
