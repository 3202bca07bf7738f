-- Extends a lease that is still the caller's, and takes the next test to send.
-- KEYS: lease webhook tests
-- ARGV: fence leaseMs
-- RETURNS: version, replay generation, Unix ms, test or ''; nothing when the lease is lost or the webhook disabled
-- INCLUDE: clock
if redis.call('GET', lease) ~= fence then return {} end
local record = redis.call('HMGET', webhook, 'version', 'moves', 'state')
local version, generation, state = record[1], record[2], record[3]
if not version or state ~= 'active' then return {} end
redis.call('PEXPIRE', lease, leaseMs)
return { version, generation or '0', tostring(clock()), redis.call('LPOP', tests) or '' }
