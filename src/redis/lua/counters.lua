-- Reads and changes an app's counters `outstanding`, `lanes` and `bytes`: read once, and written once at the end.

local function countersOf(key)
  local id = 'counters ' .. key
  if not memo[id] then
    local stored = redis.call('HMGET', key, 'outstanding', 'lanes', 'bytes')
    memo[id] = { outstanding = tonumber(stored[1] or '0'), lanes = tonumber(stored[2] or '0'), bytes = tonumber(stored[3] or '0') }
  end
  return memo[id]
end

-- Adds to a counter; a negative number subtracts.
local function count(key, name, change)
  local counters = countersOf(key)
  counters[name] = counters[name] + change
  if not counters.changed then
    counters.changed = {}
    atEnd[#atEnd + 1] = function()
      local fields = {}
      for field in pairs(counters.changed) do
        fields[#fields + 1] = field
        fields[#fields + 1] = string.format('%.0f', counters[field])
      end
      redis.call('HSET', key, unpack(fields))
    end
  end
  counters.changed[name] = true
end
