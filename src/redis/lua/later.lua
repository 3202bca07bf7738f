-- Collects members for a command that takes many, such as ZADD. It runs once, at the end of the script, so that nothing may
-- read the key meanwhile. An option may stand behind the command: `ZADD NX`.
local function later(command, key, ...)
  local id = command .. ' ' .. key
  local call = memo[id]
  if not call then
    local name, option = string.match(command, '^(%S+) ?(.*)$')
    call = option == '' and { name, key } or { name, key, option }
    memo[id] = call
    atEnd[#atEnd + 1] = function() redis.call(unpack(call)) end
  end
  for i = 1, select('#', ...) do call[#call + 1] = select(i, ...) end
end
