-- Claims the heads of ready lanes, up to `limit`. Names of lanes' keys are made of prefixes: one call covers several apps.
-- KEYS: ready busy drainer lanes retries fences
-- ARGV: token drainerMs limit lanePrefix fencePrefix countsPrefix recordPrefix free appPerFree hostPerFree running...
-- RETURNS: false where another drainer has the shard, else { lane, state } for each claimed lane, and how many lanes were
--   left because of their app's shares; `running` holds pairs of a name and its lanes under way
-- INCLUDE: ./shared/claim-head
local current = redis.call('GET', drainer)
if current and current ~= token then return false end
-- Also where the token ran out, as while Redis was away: nobody else has taken the shard. A fresh token needs no write.
if not current or redis.call('PTTL', drainer) < drainerMs * 0.75 then redis.call('SET', drainer, token, 'PX', drainerMs) end
local SCANNED = 200
local PAGE = 50
local freeSlots = tonumber(free)
local counts = {}
for i = 1, #running, 2 do counts[running[i]] = tonumber(running[i + 1]) end

-- Counts a lane in the shares of its app and host, if they have room. These shrink with the slots that are free.
local function hasShare(laneId)
  local app, hash = string.match(laneId, '^([^|]*)|[^|]*|([^|]*)')
  local host = app .. '|' .. string.sub(hash, -4)
  local ofApp, ofHost = counts[app] or 0, counts[host] or 0
  if ofApp >= math.max(1, freeSlots * appPerFree) or ofHost >= math.max(1, freeSlots * hostPerFree) then return false end
  counts[app], counts[host] = ofApp + 1, ofHost + 1
  freeSlots = freeSlots - 1
  return true
end

-- Takes lanes from the ready list, in order; returns them and how many others were left because of shares. Where the first
-- lanes are all of apps without a share, they go to the end, so that those behind them are looked at next.
local function takeLanes()
  local taken, left = {}, {}
  local wanted = tonumber(limit)
  local first, size = 0, wanted
  while first < SCANNED and #taken < wanted do
    local page = redis.call('ZRANGE', ready, first, first + size - 1)
    for _, laneId in ipairs(page) do
      if #taken >= wanted then break end
      local into = hasShare(laneId) and taken or left
      into[#into + 1] = laneId
    end
    if #page < size then break end
    first, size = first + size, PAGE
  end
  if #taken > 0 then redis.call('ZREM', ready, unpack(taken)) end
  if #left >= SCANNED - wanted and redis.call('ZCARD', ready) > #left then
    local last = tonumber(redis.call('ZREVRANGE', ready, 0, 0, 'WITHSCORES')[2])
    for _, laneId in ipairs(left) do redis.call('ZADD', ready, 'XX', string.format('%.0f', last + 1), laneId) end
  end
  return taken, #left
end

local claimed = {}
local laneIds, left = {}, 0
if tonumber(limit) > 0 then laneIds, left = takeLanes() end
if #laneIds == 0 then return { claimed, left } end
redis.call('SADD', busy, unpack(laneIds))
local fenceNumber = redis.call('INCRBY', fences, #laneIds) - #laneIds
for _, laneId in ipairs(laneIds) do
  local app = string.match(laneId, '^([^|]*)|')
  fenceNumber = fenceNumber + 1
  local fence = string.format('%.0f', fenceNumber)
  local state = claimHead(lanePrefix .. laneId, fencePrefix .. laneId, countsPrefix .. app, recordPrefix .. app .. ':',
    laneId, fence)
  claimed[#claimed + 1] = { laneId, state }
end
return { claimed, left }
