-- Returns Unix ms by Redis' clock, so that clocks of processes don't matter. It stands still while a script runs.
local function clock()
  if not memo.now then
    local time = redis.call('TIME')
    memo.now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return memo.now
end

-- Returns so many ms after now as text, which is made once: Redis formats a number anew for each command that gets one.
local function clockText(ms)
  local id = 'clock ' .. ms
  if not memo[id] then memo[id] = string.format('%.0f', clock() + ms) end
  return memo[id]
end
