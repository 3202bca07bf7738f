-- Reads a page of an app's history with the activities' records, newest first. Keys of records are made of a prefix; they
-- lie in the index' slot. The page ends early at `maxBytes`.
-- KEYS: history
-- ARGV: recordPrefix afterMs afterRid sinceMs untilMs size maxBytes
-- RETURNS: { 1 where the history has no older entries within the range, else 0; a list of { rid, accepted, record } }.
-- A record is false when it is gone, a packed text, or a list of fields and values

-- The rank of the first entry that is older than the cursor. Its own entry may be gone.
local function firstRank()
  local rank = untilMs == '' and 0 or redis.call('ZCOUNT', history, '(' .. untilMs, '+inf')
  if afterMs == '' then return rank end
  local newer = redis.call('ZCOUNT', history, '(' .. afterMs, '+inf')
  for _, member in ipairs(redis.call('ZREVRANGEBYSCORE', history, afterMs, afterMs)) do
    if member >= afterRid then newer = newer + 1 end
  end
  return math.max(rank, newer)
end

local function readWhole(key)
  local record = redis.pcall('HGETALL', key)
  if not record.err then return #record > 0 and record end
  if not string.find(record.err, '^WRONGTYPE') then error(record.err) end
  return redis.call('GET', key)
end

local function bytesOf(record)
  if type(record) ~= 'table' then return record and #record or 0 end
  local bytes = 0
  for _, cell in ipairs(record) do bytes = bytes + #cell end
  return bytes
end

local first = firstRank()
local entries = redis.call('ZREVRANGE', history, first, first + size - 1, 'WITHSCORES')
local page, bytes = {}, 0
for i = 1, #entries, 2 do
  local rid, accepted = entries[i], entries[i + 1]
  if sinceMs ~= '' and tonumber(accepted) < tonumber(sinceMs) then return { 1, page } end
  local record = readWhole(recordPrefix .. rid)
  page[#page + 1] = { rid, accepted, record }
  bytes = bytes + bytesOf(record)
  if bytes >= tonumber(maxBytes) then return { 0, page } end
end
return { #entries < size * 2 and 1 or 0, page }
