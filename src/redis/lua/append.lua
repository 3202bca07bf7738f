-- Adds entries to an app's event log. Every script that appends includes it, so that an event and the state that it
-- reports are one write. The first entry of a new log states its epoch: a tail that meets it knows that older cursors
-- are void.
-- USES: log epoch nextEpoch eventsKept

-- The log's bytes are bounded too: `eventsKept` entries of 2.5 kB, at least 1 MiB. Marks in a list divide the log into
-- 32 parts of equal size; the oldest part is trimmed when there are more.
local function markBytes(log, bytes, lastId, partBytes)
  local sinceMark, marks = log .. ':bytes', log .. ':marks'
  if redis.call('INCRBY', sinceMark, bytes) < partBytes then return end
  redis.call('SET', sinceMark, 0)
  if redis.call('RPUSH', marks, lastId) > 32 then redis.call('XTRIM', log, 'MINID', redis.call('LPOP', marks)) end
end

-- Counts an entry's bytes. A group's entries are counted together, up to a fraction of a part.
local function countBytes(id, bytes)
  local partBytes = math.max(1048576, eventsKept * 2560) / 32
  local memoId = 'bytes ' .. log
  local counted = memo[memoId]
  if not counted then
    counted = { bytes = 0 }
    memo[memoId] = counted
    local key = log
    atEnd[#atEnd + 1] = function()
      if counted.bytes > 0 then markBytes(key, counted.bytes, counted.lastId, partBytes) end
    end
  end
  counted.bytes, counted.lastId = counted.bytes + bytes, id
  if counted.bytes < partBytes / 4 then return end
  markBytes(log, counted.bytes, id, partBytes)
  counted.bytes = 0
end

-- Keeps the log's number of entries, once for all that a group adds: a bound in each XADD is 28 bytes of AOF more.
local function trimLater()
  local memoId = 'trim ' .. log
  if memo[memoId] then return end
  memo[memoId] = true
  local key, kept = log, eventsKept
  atEnd[#atEnd + 1] = function() redis.call('XTRIM', key, 'MAXLEN', '~', kept) end
end

-- Adds one entry (field e: an event, c: a control entry) and returns its cursor, `<epoch>.<stream id>`.
local function appendEntry(field, value)
  local memoId = 'epoch ' .. epoch
  local current = memo[memoId] or redis.call('GET', epoch)
  if not current then
    current = nextEpoch
    redis.call('SET', epoch, current)
    redis.call('XADD', log, '*', 'epoch', current)
  end
  memo[memoId] = current
  local id = redis.call('XADD', log, '*', field, value)
  trimLater()
  countBytes(id, #value)
  return current .. '.' .. id
end

local function append(event)
  return appendEntry('e', event)
end
