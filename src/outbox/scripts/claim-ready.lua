-- Claims the heads of ready lanes, up to `limit`. Names of lanes' keys are made of prefixes: one call covers several apps.
-- KEYS: ready busy drainer lanes retries fences
-- ARGV: token drainerMs limit lanePrefix fencePrefix countsPrefix recordPrefix
-- RETURNS: false where another drainer has the shard, else { lane, state } for each claimed lane
-- INCLUDE: ./shared/claim-head
local current = redis.call('GET', drainer)
if current and current ~= token then return false end
-- Also where the token ran out, as while Redis was away: nobody else has taken the shard. A fresh token needs no write.
if not current or redis.call('PTTL', drainer) < drainerMs * 0.75 then redis.call('SET', drainer, token, 'PX', drainerMs) end
local claimed = {}
local popped = tonumber(limit) > 0 and redis.call('ZPOPMIN', ready, limit) or {}
if #popped == 0 then return claimed end
local laneIds = {}
for i = 1, #popped, 2 do laneIds[#laneIds + 1] = popped[i] end
redis.call('SADD', busy, unpack(laneIds))
local fenceNumber = redis.call('INCRBY', fences, #laneIds) - #laneIds
for _, laneId in ipairs(laneIds) do
  local app = string.match(laneId, '^([^|]*)|')
  fenceNumber = fenceNumber + 1
  local fence = string.format('%.0f', fenceNumber)
  redis.call('SET', fencePrefix .. laneId, fence)
  local state = claimHead(lanePrefix .. laneId, fencePrefix .. laneId, countsPrefix .. app, recordPrefix .. app .. ':',
    laneId, fence)
  claimed[#claimed + 1] = { laneId, state }
end
return claimed
