-- Counts the bytes of a webhook's pending events: in its record, and in the app's counts.
-- USES: webhook counts
-- INCLUDE: app-bytes

-- Adds pending bytes; a negative number subtracts no more than was added.
local function addPendingBytes(bytes)
  if bytes < 0 then bytes = -math.min(-bytes, tonumber(redis.call('HGET', webhook, 'pendingBytes') or '0')) end
  if bytes == 0 then return end
  redis.call('HINCRBY', webhook, 'pendingBytes', bytes)
  redis.call('HINCRBY', counts, 'pendingBytes', bytes)
  addBytes(bytes)
end

local function removeAllPendingBytes()
  addPendingBytes(-tonumber(redis.call('HGET', webhook, 'pendingBytes') or '0'))
end
