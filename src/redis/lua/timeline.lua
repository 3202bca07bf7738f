-- Notes of what happened to an activity: lines of JSON, see outbox/timeline-notes.ts. They are in the field `timeline` of its
-- record, and behind the first line of a packed record.
local MAX_TIMELINE, MAX_PACKED = 8192, 24576

-- Appends a line; the oldest make room.
local function withNote(lines, note)
  local all = lines and (lines .. '\n' .. note) or note
  while #all > MAX_TIMELINE do
    local cut = string.find(all, '\n', 1, true)
    if not cut then break end
    all = string.sub(all, cut + 1)
  end
  return all
end

-- Adds a note to a record, if there is one. A packed record that is full stays as it is.
local function addNote(record, note)
  local stored = redis.pcall('HMGET', record, 'id', 'timeline')
  if not stored.err then
    if stored[1] then redis.call('HSET', record, 'timeline', withNote(stored[2], note)) end
  elseif not string.find(stored.err, '^WRONGTYPE') then
    error(stored.err)
  elseif redis.call('STRLEN', record) + #note < MAX_PACKED then
    redis.call('APPEND', record, '\n' .. note)
  end
end
