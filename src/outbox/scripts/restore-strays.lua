-- Makes those lanes ready that the drainer has by the busy set only: the answer to its claim was lost with a connection.
-- KEYS: ready busy drainer
-- ARGV: token lanePrefix recordPrefix held...
-- RETURNS: how many lanes were made ready
-- INCLUDE: ./shared/return-claim
if redis.call('GET', drainer) ~= token then return 0 end
local isHeld = {}
for _, laneId in ipairs(held) do isHeld[laneId] = true end
local restored = 0
for _, laneId in ipairs(redis.call('SMEMBERS', busy)) do
  if not isHeld[laneId] then
    redis.call('SREM', busy, laneId)
    redis.call('ZADD', ready, 'NX', 0, laneId)
    returnClaim(lanePrefix .. laneId, recordPrefix .. string.match(laneId, '^([^|]*)|') .. ':')
    restored = restored + 1
  end
end
return restored
