-- USES: record deadlines counts blobs keptBytes rid member status event packed retentionSeconds isDeadLetter
-- INCLUDE: append app-bytes clock later token-shares ./dead-letter

-- Ends the count of an activity's bytes. Attachments of an undelivered one are kept, and count, until they expire.
local function releaseBytes(bytes, blobBytes)
  addBytes(-bytes)
  if blobBytes == 0 then return end
  if status == 'sent' then
    addBytes(-blobBytes)
  else
    redis.call('ZADD', keptBytes, clock() + retentionSeconds * 1000, rid .. '|' .. string.format('%d', blobBytes))
  end
  redis.call('HDEL', record, 'bytes', 'blobBytes')
end

-- Makes a record final: event, counters, retention. A sent activity's record becomes a short text, see packed-record.ts;
-- others are kept whole, since they may be tried again.
local function finishRecord(attempts)
  append(event)
  local bytes, blobBytes, fingerprint, accepted, dueTime, expires, tokenUser, committed, timeline = unpack(redis.call(
    'HMGET', record, 'bytes', 'blobBytes', 'fp', 'accepted', 'due', 'expires', 'tokenUser', 'committed', 'timeline'))
  releaseBytes(tonumber(bytes or '0'), tonumber(blobBytes or '0'))
  if tokenUser then addToTokenShare(tokenUser, -1, -tonumber(bytes or '0') - tonumber(blobBytes or '0')) end
  if packed ~= '' then
    local since = function(time) return string.format('%.0f', tonumber(time) - tonumber(accepted)) end
    local times = { accepted, since(dueTime), since(expires), committed and since(committed) or '' }
    local text = '2|' .. string.sub(fingerprint, 1, 32) .. '|' .. table.concat(times, '|') .. '|' .. packed
    if timeline then text = text .. '\n' .. timeline end
    redis.call('SET', record, text, 'EX', retentionSeconds)
    -- Records of older versions do not tell whether there are attachments.
    if blobBytes or not bytes then redis.call('DEL', blobs) end
  else
    redis.call('HSET', record, 'status', status, 'result', event, 'attempts', attempts)
    redis.call('EXPIRE', record, retentionSeconds)
    if isDeadLetter == '1' then addDeadLetter() end
    redis.call('EXPIRE', blobs, retentionSeconds)
  end
  later('ZREM', deadlines, member)
  count(counts, 'outstanding', -1)
end
