-- Takes back a start apart that ended without an outcome, unless another worker has the lane by now.
-- KEYS: record laneFence
-- ARGV: fence
-- RETURNS: nothing
-- INCLUDE: ./shared/read-record
local started = readRecord(record, 'deaths')
if redis.call('GET', laneFence) ~= fence or not started or not started[1] then return end
redis.call('HINCRBY', record, 'deaths', -1)
