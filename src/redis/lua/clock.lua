-- Returns Unix ms by Redis' clock, so that clocks of processes don't matter. It stands still while a script runs.
local function clock()
  if not memo.now then
    local time = redis.call('TIME')
    memo.now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return memo.now
end
