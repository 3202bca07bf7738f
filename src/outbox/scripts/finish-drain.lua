-- Ends a drainer. Unless forced, it goes on while lanes are ready or busy.
-- KEYS: ready busy drainer
-- ARGV: token isForced
-- RETURNS: 'idle' when nothing is left, 'more' when lanes are left, 'lost' when another drainer has the shard
local current = redis.call('GET', drainer)
if current and current ~= token then return 'lost' end
local answer = redis.call('EXISTS', ready, busy) > 0 and 'more' or 'idle'
if answer == 'idle' or isForced == '1' then redis.call('DEL', drainer) end
return answer
