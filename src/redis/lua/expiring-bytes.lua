-- Counts bytes that an app stores for a limited time. A name may be counted again to extend the time.
-- USES: counts keptBytes
-- INCLUDE: app-bytes clock

-- Subtracts bytes whose time is over.
local function releaseExpired()
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', keptBytes, '-inf', clock(), 'LIMIT', 0, 100)) do
    addBytes(-tonumber(string.match(entry, '|(%d+)$')))
    redis.call('ZREM', keptBytes, entry)
  end
end

-- Counts bytes under a name for so many seconds.
local function keepBytes(name, bytes, seconds)
  local entry = name .. '|' .. string.format('%d', bytes)
  if redis.call('ZADD', keptBytes, clock() + seconds * 1000, entry) == 1 then addBytes(tonumber(bytes)) end
end
