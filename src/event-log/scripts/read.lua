-- Reads bounds and entries of one moment. A log that is missing, or lost its epoch, is begun anew, so that it has a
-- position. `after` is a stream id, or $ for the newest entries.
-- KEYS: log epoch
-- ARGV: nextEpoch after count
-- RETURNS: epoch, id of the first entry or '', last id ever given, 1 when older entries were trimmed, entries
local current = redis.call('GET', epoch)
if not current or redis.call('EXISTS', log) == 0 then
  current = nextEpoch
  redis.call('DEL', log)
  redis.call('SET', epoch, current)
  redis.call('XADD', log, '*', 'epoch', current)
end

local last, first
local info = redis.call('XINFO', 'STREAM', log)
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = info[i + 1] end
  if info[i] == 'first-entry' then first = info[i + 1] end
end
local opening = first and first[2]
local isWhole = opening and opening[1] == 'epoch' and opening[2] == current

local entries = {}
local limit = tonumber(count)
if limit > 0 and after == '$' then
  entries = redis.call('XREVRANGE', log, '+', '-', 'COUNT', limit)
elseif limit > 0 then
  entries = redis.call('XRANGE', log, '(' .. after, '+', 'COUNT', limit)
end
return { current, first and first[1] or '', last, isWhole and 0 or 1, entries }
