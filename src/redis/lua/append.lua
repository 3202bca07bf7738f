-- Adds entries to an app's event log. Every script that appends includes it, so that an event and the state that it
-- reports are one write. The first entry of a new log states its epoch: a tail that meets it knows that older cursors
-- are void.
-- USES: log epoch nextEpoch eventsKept

-- Adds one entry (field e: an event, c: a control entry) and returns its cursor, `<epoch>.<stream id>`.
local function appendEntry(field, value)
  local current = redis.call('GET', epoch)
  if not current then
    current = nextEpoch
    redis.call('SET', epoch, current)
    redis.call('XADD', log, '*', 'epoch', current)
  end
  return current .. '.' .. redis.call('XADD', log, 'MAXLEN', '~', eventsKept, '*', field, value)
end

local function append(event)
  return appendEntry('e', event)
end
