-- Returns Unix ms by Redis' clock, so that clocks of processes don't matter.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
