-- Adds entries to an app's event log. Every script that appends includes it, so that an event and the state that it
-- reports are one write. The first entry of a new log states its epoch: a tail that meets it knows that older cursors
-- are void.
-- USES: log epoch nextEpoch eventsKept

-- The log's bytes are bounded too: `eventsKept` entries of 2.5 kB, at least 1 MiB. Marks in a list divide the log into
-- 32 parts of equal size; the oldest part is trimmed when there are more.
local function trimBytes(id, bytes)
  local partBytes = math.max(1048576, eventsKept * 2560) / 32
  local sinceMark, marks = log .. ':bytes', log .. ':marks'
  if redis.call('INCRBY', sinceMark, bytes) < partBytes then return end
  redis.call('SET', sinceMark, 0)
  if redis.call('RPUSH', marks, id) > 32 then redis.call('XTRIM', log, 'MINID', redis.call('LPOP', marks)) end
end

-- Adds one entry (field e: an event, c: a control entry) and returns its cursor, `<epoch>.<stream id>`.
local function appendEntry(field, value)
  local current = redis.call('GET', epoch)
  if not current then
    current = nextEpoch
    redis.call('SET', epoch, current)
    redis.call('XADD', log, '*', 'epoch', current)
  end
  local id = redis.call('XADD', log, 'MAXLEN', '~', eventsKept, '*', field, value)
  trimBytes(id, #value)
  return current .. '.' .. id
end

local function append(event)
  return appendEntry('e', event)
end
