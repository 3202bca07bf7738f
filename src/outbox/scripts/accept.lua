-- Stores a new activity and puts it into its lane, or schedules it; a repeated rid is answered from its record.
-- KEYS: record lane lanes due deadlines counts blobs account keptBytes ready drainer history
-- ARGV: fingerprint id ridAsSent body laneId dueAt lifetimeMs quota maxBytes needsAccount member rid tokenUser tokenQuota maxTokenBytes
-- ARGV: maxHistory dsn dsnOnSuccess attachments...
-- RETURNS: { 'accepted', status, outstanding lanes where a drainer must be woken, else 0 },
--   { 'replayed', id, status, ridAsSent, lane to wake or '', outstanding lanes }, { 'ended', packed record },
--   { 'reused' }, { 'account-unknown' } or { 'quota-exceeded' }
-- INCLUDE: clock app-bytes expiring-bytes token-shares later ./shared/final ./shared/history ./shared/mark-ready ./shared/read-record

-- Returns whether the app's share has room, after expired attachments made some.
local function hasRoom(bytes)
  if hasRoomFor(bytes, maxBytes) then return true end
  releaseExpired()
  return hasRoomFor(bytes, maxBytes)
end

-- Returns whether a token's user may have another activity of so many bytes. The first may have any size.
local function hasTokenShare(user, bytes)
  local activities, stored = tokenShareOf(user)
  if activities >= tonumber(tokenQuota) then return false end
  return activities == 0 or stored + bytes <= tonumber(maxTokenBytes)
end

-- Puts the rid into its lane.
local function enroll()
  if redis.call('RPUSH', lane, rid) > 1 then return 0 end
  -- A lane emptied by a cancellation while a drainer has it: that drainer claims the new head.
  if redis.call('ZSCORE', lanes, laneId) then return 0 end
  later('ZADD', lanes, clockText(0), laneId)
  count(counts, 'lanes', 1)
  local outstandingLanes = countersOf(counts).lanes
  markReady(ready, laneId, outstandingLanes)
  return isDrained(drainer) and 0 or outstandingLanes
end

local known = readRecord(record, 'fp', 'id', 'status', 'rid', 'lane')
if not known then
  local packed = redis.call('GET', record)
  local knownFingerprint = string.match(packed, '^%d+|([^|]*)|')
  if string.sub(fingerprint, 1, #knownFingerprint) ~= knownFingerprint then return { 'reused' } end
  return { 'ended', packed }
end
if known[1] then
  local knownFingerprint, knownId, knownStatus, knownRid, knownLane = unpack(known)
  if knownFingerprint ~= fingerprint then return { 'reused' } end
  if FINAL[knownStatus] or knownStatus == 'scheduled' then return { 'replayed', knownId, knownStatus, knownRid, '', 0 } end
  return { 'replayed', knownId, knownStatus, knownRid, knownLane, math.max(countersOf(counts).lanes, 1) }
end

if needsAccount == '1' and redis.call('EXISTS', account) == 0 then return { 'account-unknown' } end
if countersOf(counts).outstanding >= tonumber(quota) then return { 'quota-exceeded' } end

local now = clock()
local blobBytes = 0
for i = 2, #attachments, 2 do blobBytes = blobBytes + #attachments[i] end
local bodyBytes = #body + #dsn
if not hasRoom(bodyBytes + blobBytes) then return { 'quota-exceeded' } end
if tokenUser ~= '' and not hasTokenShare(tokenUser, bodyBytes + blobBytes) then return { 'quota-exceeded' } end

local isScheduled = tonumber(dueAt) > now
local status = isScheduled and 'scheduled' or 'queued'
local dueTime = isScheduled and dueAt or clockText(0)
local expires = isScheduled and string.format('%.0f', dueAt + lifetimeMs) or clockText(lifetimeMs)
local fields = { 'fp', fingerprint, 'id', id, 'rid', ridAsSent, 'body', body, 'lane', laneId, 'status', status,
  'accepted', clockText(0), 'due', dueTime, 'expires', expires, 'bytes', bodyBytes }
if blobBytes > 0 then
  fields[#fields + 1] = 'blobBytes'
  fields[#fields + 1] = blobBytes
end
if dsn ~= '' then
  fields[#fields + 1] = 'dsn'
  fields[#fields + 1] = dsn
end
if dsnOnSuccess == '1' then
  fields[#fields + 1] = 'dsnOnSuccess'
  fields[#fields + 1] = dsnOnSuccess
end
if tokenUser ~= '' then
  fields[#fields + 1] = 'tokenUser'
  fields[#fields + 1] = tokenUser
  addToTokenShare(tokenUser, 1, bodyBytes + blobBytes)
end
redis.call('HSET', record, unpack(fields))
addBytes(bodyBytes + blobBytes)
count(counts, 'outstanding', 1)
later('ZADD', deadlines, expires, member)
addToHistory(clockText(0))
for i = 1, #attachments, 2 do redis.call('HSET', blobs, attachments[i], attachments[i + 1]) end
if isScheduled then
  redis.call('ZADD', due, dueTime, member)
  return { 'accepted', 'scheduled', 0 }
end
return { 'accepted', 'queued', enroll() }
