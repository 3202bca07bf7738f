-- Stores a new activity and puts it into its lane, or schedules it; a repeated rid is answered from its record.
-- KEYS: record lane lanes due deadlines counts blobs account keptBytes
-- ARGV: fingerprint id ridAsSent body laneId dueAt lifetimeMs quota maxBytes needsAccount member rid attachments...
-- RETURNS: { 'accepted', status, outstanding lanes where the lane was empty, else 0 },
--   { 'replayed', id, status, ridAsSent, lane to wake or '', outstanding lanes }, { 'reused' }, { 'account-unknown' } or
--   { 'quota-exceeded' }
-- INCLUDE: clock app-bytes ./shared/final

-- Subtracts kept attachments that have expired.
local function releaseExpired(now)
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', keptBytes, '-inf', now, 'LIMIT', 0, 100)) do
    addBytes(-tonumber(string.match(entry, '|(%d+)$')))
    redis.call('ZREM', keptBytes, entry)
  end
end

-- Puts the rid into its lane.
local function enroll(now)
  if redis.call('RPUSH', lane, rid) > 1 then return 0 end
  redis.call('ZADD', lanes, now, laneId)
  return redis.call('HINCRBY', counts, 'lanes', 1)
end

local known = redis.call('HMGET', record, 'fp', 'id', 'status', 'rid', 'lane')
if known[1] then
  local knownFingerprint, knownId, knownStatus, knownRid, knownLane = unpack(known)
  if knownFingerprint ~= fingerprint then return { 'reused' } end
  if FINAL[knownStatus] or knownStatus == 'scheduled' then return { 'replayed', knownId, knownStatus, knownRid, '', 0 } end
  local outstandingLanes = tonumber(redis.call('HGET', counts, 'lanes') or '1')
  return { 'replayed', knownId, knownStatus, knownRid, knownLane, outstandingLanes }
end

if needsAccount == '1' and redis.call('EXISTS', account) == 0 then return { 'account-unknown' } end
local outstanding = tonumber(redis.call('HGET', counts, 'outstanding') or '0')
if outstanding >= tonumber(quota) then return { 'quota-exceeded' } end

local now = clock()
releaseExpired(now)
local blobBytes = 0
for i = 2, #attachments, 2 do blobBytes = blobBytes + #attachments[i] end
if not hasRoomFor(#body + blobBytes, maxBytes) then return { 'quota-exceeded' } end

local dueTime = math.max(tonumber(dueAt), now)
local status = dueTime > now and 'scheduled' or 'queued'
local expires = dueTime + tonumber(lifetimeMs)
redis.call('HSET', record, 'fp', fingerprint, 'id', id, 'rid', ridAsSent, 'body', body, 'lane', laneId, 'status', status,
  'accepted', now, 'due', dueTime, 'expires', expires)
redis.call('HSET', record, 'bytes', #body)
if blobBytes > 0 then redis.call('HSET', record, 'blobBytes', blobBytes) end
addBytes(#body + blobBytes)
redis.call('HINCRBY', counts, 'outstanding', 1)
redis.call('ZADD', deadlines, expires, member)
for i = 1, #attachments, 2 do redis.call('HSET', blobs, attachments[i], attachments[i + 1]) end
if status == 'scheduled' then
  redis.call('ZADD', due, dueTime, member)
  return { 'accepted', 'scheduled', 0 }
end
return { 'accepted', 'queued', enroll(now) }
