-- USES: record deadlines dsns counts blobs keptBytes rid member status event packed retentionSeconds maxBytes isDeadLetter
-- INCLUDE: append app-bytes clock expiring-bytes later token-shares ./dead-letter ./read-record

-- What Redis needs for a finished record beside its content: the key, the expiry and the fields' names.
local RECORD_BYTES = 300
-- Part of its bytes from which an app's finished records are kept for a short time, and that time in seconds.
local CROWDED = 1 / 2
local CROWDED_SECONDS = 600

-- Returns how long the record of a finished rid is kept, so that these leave room for further activities.
local function keptSeconds()
  local limit = tonumber(maxBytes) * CROWDED
  if countersOf(counts).bytes > limit then releaseExpired() end
  if countersOf(counts).bytes > limit then return math.min(tonumber(retentionSeconds), CROWDED_SECONDS) end
  return tonumber(retentionSeconds)
end

-- Reads what `finishRecord` needs to know of the record; its first fields are status, fence, committed and attempts.
local function readUnfinished()
  return readRecord(record, 'status', 'fence', 'committed', 'attempts', 'bytes', 'blobBytes', 'fp', 'accepted', 'due', 'expires',
    'tokenUser', 'timeline', 'dsn', 'dsnOnSuccess')
end

-- Makes a record final: event, counters, retention. A sent activity's record becomes a short text, see packed-record.ts;
-- others are kept whole, with their attachments, since they may be tried again. What is kept counts until it expires.
local function finishRecord(stored, attempts)
  append(event)
  local _, _, committed, _, bytes, blobBytes, fingerprint, accepted, dueTime, expires, tokenUser, timeline, dsn, dsnOnSuccess =
    unpack(stored)
  -- In the write that makes the record final, so that no notification is forgotten.
  if dsn and status ~= 'cancelled' and (status ~= 'sent' or dsnOnSuccess) then redis.call('HSET', dsns, member, dsn) end
  local freed = tonumber(bytes or '0') + tonumber(blobBytes or '0')
  addBytes(-freed)
  if tokenUser then addToTokenShare(tokenUser, -1, -freed) end
  local seconds = keptSeconds()
  if packed ~= '' then
    local since = function(time) return time == accepted and '0' or string.format('%.0f', time - accepted) end
    local times = { accepted, since(dueTime), since(expires), committed and since(committed) or '' }
    local text = '2|' .. string.sub(fingerprint, 1, 32) .. '|' .. table.concat(times, '|') .. '|' .. packed
    if timeline then text = text .. '\n' .. timeline end
    redis.call('SET', record, text, 'EX', seconds)
    keepSum(#text + RECORD_BYTES, seconds)
    -- Records of older versions do not tell whether there are attachments.
    if blobBytes or not bytes then redis.call('DEL', blobs) end
  else
    redis.call('HSET', record, 'status', status, 'result', event, 'attempts', attempts)
    redis.call('HDEL', record, 'bytes', 'blobBytes')
    redis.call('EXPIRE', record, seconds)
    keepSum(freed + #event + RECORD_BYTES, seconds)
    if isDeadLetter == '1' then addDeadLetter(seconds) end
    redis.call('EXPIRE', blobs, seconds)
  end
  later('ZREM', deadlines, member)
  count(counts, 'outstanding', -1)
end
