-- Adds an address to an app's suppression list. In a full list an automatic entry takes the place of the oldest of
-- its kind; what an app added itself stays.
-- KEYS: suppressions order automatic
-- ARGV: id entry isAutomatic maxEntries
-- RETURNS: 'added' or 'known' with the stored entry, or 'full' with nothing
-- INCLUDE: clock
local known = redis.call('HGET', suppressions, id)
if known then
  -- From now on the entry is the app's own as well, so that none takes its place.
  if isAutomatic ~= '1' then
    redis.call('ZREM', automatic, string.format('%.0f', cjson.decode(known).since) .. '.' .. id)
  end
  return { 'known', known }
end
if redis.call('HLEN', suppressions) >= tonumber(maxEntries) then
  local oldest = isAutomatic == '1' and redis.call('ZRANGE', automatic, 0, 0)[1]
  if not oldest then return { 'full', '' } end
  redis.call('ZREM', automatic, oldest)
  redis.call('ZREM', order, oldest)
  redis.call('HDEL', suppressions, string.sub(oldest, string.find(oldest, '.', 1, true) + 1))
end
local since = string.format('%.0f', clock())
-- The time goes before the closing brace, so that nothing else of the entry is written anew.
local stored = string.sub(entry, 1, -2) .. ',"since":' .. since .. '}'
local place = since .. '.' .. id
redis.call('HSET', suppressions, id, stored)
redis.call('ZADD', order, 0, place)
if isAutomatic == '1' then redis.call('ZADD', automatic, 0, place) end
return { 'added', stored }
