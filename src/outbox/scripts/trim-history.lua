-- Removes entries of an app's history whose record is gone, in steps. With `maxHistory` 0 it removes the history.
-- KEYS: history
-- ARGV: recordPrefix maxHistory first size acceptedBefore
-- RETURNS: how many entries were looked at, and how many of them were removed
if maxHistory == '0' then
  redis.call('UNLINK', history)
  return { 0, 0 }
end
local rids = redis.call('ZRANGEBYSCORE', history, '-inf', acceptedBefore, 'LIMIT', first, size)
local removed = 0
for _, rid in ipairs(rids) do
  if redis.call('EXISTS', recordPrefix .. rid) == 0 then removed = removed + redis.call('ZREM', history, rid) end
end
return { #rids, removed }
