-- Revokes a subject's tokens issued before a time (Unix seconds); a later time is never taken back.
-- KEYS: revokedSubject
-- ARGV: issuedBefore ttlSeconds
local latest = math.max(tonumber(redis.call('GET', revokedSubject) or '0'), tonumber(issuedBefore))
redis.call('SET', revokedSubject, string.format('%d', latest), 'EX', ttlSeconds)
