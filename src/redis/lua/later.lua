-- Collects members for a command that takes many, such as ZADD. It runs once, at the end of the script, so that nothing may
-- read the key meanwhile.
local function later(command, key, ...)
  local id = command .. ' ' .. key
  local call = memo[id]
  if not call then
    call = { command, key }
    memo[id] = call
    atEnd[#atEnd + 1] = function() redis.call(unpack(call)) end
  end
  for _, value in ipairs({ ... }) do call[#call + 1] = value end
end
