-- USES: record deadlines counts blobs keptBytes rid member status event retentionSeconds isDeadLetter
-- INCLUDE: append app-bytes clock ./dead-letter

-- Ends the count of an activity's bytes. Attachments of an undelivered one are kept, and count, until they expire.
local function releaseBytes()
  local bytes, blobBytes = unpack(redis.call('HMGET', record, 'bytes', 'blobBytes'))
  addBytes(-tonumber(bytes or '0'))
  blobBytes = tonumber(blobBytes or '0')
  if blobBytes == 0 then return end
  if status == 'sent' then
    addBytes(-blobBytes)
  else
    redis.call('ZADD', keptBytes, clock() + retentionSeconds * 1000, rid .. '|' .. string.format('%d', blobBytes))
  end
  redis.call('HDEL', record, 'bytes', 'blobBytes')
end

-- Makes a record final: event, counters, retention. The attempts' state of a sent activity is not needed any more.
local function finishRecord()
  append(event)
  releaseBytes()
  redis.call('HSET', record, 'status', status, 'result', event)
  if status == 'sent' then redis.call('HDEL', record, 'decided', 'retry', 'takes', 'deaths') end
  redis.call('EXPIRE', record, retentionSeconds)
  if isDeadLetter == '1' then addDeadLetter() end
  redis.call('ZREM', deadlines, member)
  redis.call('HINCRBY', counts, 'outstanding', -1)
  if status == 'sent' then redis.call('DEL', blobs) else redis.call('EXPIRE', blobs, retentionSeconds) end
end
