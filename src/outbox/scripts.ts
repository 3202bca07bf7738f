import { APPEND_LUA } from "../redis/lua/append.ts";
import { BURY_LUA } from "./dead-letter-policy.ts";

/**
 * The outbox's Lua. All scripts share one KEYS layout (see `keysOf` in redis.ts), so that each declares every key it
 * touches and all lie in one Cluster slot. Times are Redis' own, so clocks of workers don't matter.
 *
 * record: fp id rid body lane status accepted due expires committed attempts takes deaths retry decided extended result
 */
const HEADER = `
local RECORD, LANE, FENCE, LANES, DUE, DEADLINES, COUNTS, BLOBS, LOG, EPOCH, FENCES, PREFIX =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local FINAL = { sent = true, failed = true, partial = true, expired = true, cancelled = true, unknown = true }
local function empty(lane)
  redis.call('DEL', FENCE)
  if redis.call('ZREM', LANES, lane) == 1 then redis.call('HINCRBY', COUNTS, 'lanes', -1) end
  return { 'empty' }
end
`;

const ENROL = `
-- Puts a rid into its lane; answers the app's outstanding lanes when the lane was empty, else 0.
local function enrol(lane, rid, now)
  if redis.call('RPUSH', LANE, rid) > 1 then return 0 end
  redis.call('ZADD', LANES, now, lane)
  return redis.call('HINCRBY', COUNTS, 'lanes', 1)
end
`;

const HEAD = `
-- Leases the lane's first activity that still has a record. lease: ms after which the sweep looks at the lane again.
local function head(lane, fence, lease)
  while true do
    local rid = redis.call('LINDEX', LANE, 0)
    if not rid then return empty(lane) end
    local key = PREFIX .. rid
    local r = redis.call('HMGET', key, 'body', 'rid', 'attempts', 'committed', 'decided', 'expires', 'extended', 'retry', 'status')
    if r[1] and not FINAL[r[9]] then
      local now = clock()
      if r[8] and tonumber(r[8]) > now then
        redis.call('ZADD', LANES, r[8], lane)
        return { 'wait', tonumber(r[8]) - now }
      end
      redis.call('ZADD', LANES, now + lease, lane)
      local takes = redis.call('HINCRBY', key, 'takes', 1)
      return { 'item', fence, r[1], r[2], r[3] or '0', takes, r[4] or '', r[5] or '', now, r[6], r[7] or '0' }
    end
    redis.call('LPOP', LANE)
  end
end
`;

const CLOSE = `${BURY_LUA}
-- Makes a record final: event, counters, retention. A sent activity's body is no longer needed.
local function close(rid, member, status, event, freshEpoch, kept, retention, dead)
  append(LOG, EPOCH, freshEpoch, kept, event)
  redis.call('HSET', RECORD, 'status', status, 'result', event)
  if status == 'sent' then redis.call('HDEL', RECORD, 'decided', 'retry', 'takes', 'deaths') end
  redis.call('EXPIRE', RECORD, retention)
  if dead == '1' then bury(rid, retention) end
  redis.call('ZREM', DEADLINES, member)
  redis.call('HINCRBY', COUNTS, 'outstanding', -1)
  if status == 'sent' then redis.call('DEL', BLOBS) else redis.call('EXPIRE', BLOBS, retention) end
end
`;

/** ARGV: fingerprint id ridJson body lane dueAt lifetime quota accountKey|'' member rid [blob index, bytes]… */
export const ACCEPT_LUA = `${HEADER}${ENROL}
local known = redis.call('HMGET', RECORD, 'fp', 'id', 'status', 'rid', 'lane')
if known[1] then
  if known[1] ~= ARGV[1] then return { 'reused' } end
  if FINAL[known[3]] or known[3] == 'scheduled' then return { 'replayed', known[2], known[3], known[4], '', 0 } end
  return { 'replayed', known[2], known[3], known[4], known[5], tonumber(redis.call('HGET', COUNTS, 'lanes') or '1') }
end
if ARGV[9] ~= '' and redis.call('EXISTS', ARGV[9]) == 0 then return { 'account-unknown' } end
if tonumber(redis.call('HGET', COUNTS, 'outstanding') or '0') >= tonumber(ARGV[8]) then return { 'quota-exceeded' } end
local now = clock()
local due = math.max(tonumber(ARGV[6]), now)
local status = due > now and 'scheduled' or 'queued'
local expires = due + ARGV[7]
redis.call('HSET', RECORD, 'fp', ARGV[1], 'id', ARGV[2], 'rid', ARGV[3], 'body', ARGV[4], 'lane', ARGV[5],
  'status', status, 'accepted', now, 'due', due, 'expires', expires)
redis.call('HINCRBY', COUNTS, 'outstanding', 1)
redis.call('ZADD', DEADLINES, expires, ARGV[10])
for i = 12, #ARGV, 2 do redis.call('HSET', BLOBS, ARGV[i], ARGV[i + 1]) end
if status == 'scheduled' then
  redis.call('ZADD', DUE, due, ARGV[10])
  return { 'accepted', 'scheduled', 0 }
end
return { 'accepted', 'queued', enrol(ARGV[5], ARGV[11], now) }
`;

/** ARGV: lane lease */
export const TAKE_LUA = `${HEADER}${HEAD}
if redis.call('EXISTS', LANE) == 0 then return empty(ARGV[1]) end
local fence = tostring(redis.call('INCR', FENCES))
redis.call('SET', FENCE, fence)
return head(ARGV[1], fence, tonumber(ARGV[2]))
`;

/**
 * KEYS also: trace [thread…]; ARGV: fence freshEpoch kept event traceSeconds id threadMost. The event tells later reports
 * whom they are about, and the threads which activities "all up to now" means.
 */
export const COMMIT_LUA = `${HEADER}${APPEND_LUA}
if redis.call('GET', FENCE) ~= ARGV[1] then return 'lost' end
local r = redis.call('HMGET', RECORD, 'status', 'expires')
if not r[1] or FINAL[r[1]] or tonumber(r[2]) <= clock() then return 'over' end
redis.call('HSET', RECORD, 'committed', ARGV[1], 'status', 'sending')
append(LOG, EPOCH, ARGV[2], ARGV[3], ARGV[4])
if ARGV[5] ~= '0' then
  redis.call('SET', KEYS[13], ARGV[4], 'EX', ARGV[5])
  for i = 14, #KEYS do
    redis.call('ZADD', KEYS[i], clock(), ARGV[6])
    redis.call('ZREMRANGEBYRANK', KEYS[i], 0, -1 - ARGV[7])
    redis.call('EXPIRE', KEYS[i], ARGV[5])
  end
end
return 'committed'
`;

/** KEYS also: dead letters, trace; ARGV: fence rid member lane lease status event attempts freshEpoch kept retention dead trace|'' */
export const SETTLE_LUA = `${HEADER}${APPEND_LUA}${HEAD}${CLOSE}
if redis.call('GET', FENCE) ~= ARGV[1] then return { 'lost' } end
local status = redis.call('HGET', RECORD, 'status')
if status and not FINAL[status] then
  redis.call('HSET', RECORD, 'attempts', ARGV[8])
  close(ARGV[2], ARGV[3], ARGV[6], ARGV[7], ARGV[9], ARGV[10], ARGV[11], ARGV[12])
  if ARGV[13] ~= '' then redis.call('SET', KEYS[14], ARGV[13], 'XX', 'KEEPTTL') end
end
redis.call('LREM', LANE, 1, ARGV[2])
return head(ARGV[4], ARGV[1], tonumber(ARGV[5]))
`;

/** KEYS also: trace, which what was not sent does not keep; ARGV: fence member lane retryAt extend attempts decided freshEpoch kept event inDoubt */
export const DEFER_LUA = `${HEADER}${APPEND_LUA}
if redis.call('GET', FENCE) ~= ARGV[1] then return 'lost' end
local r = redis.call('HMGET', RECORD, 'status', 'expires', 'extended')
if not r[1] or FINAL[r[1]] then return 'lost' end
redis.call('HSET', RECORD, 'status', 'deferred', 'retry', ARGV[4], 'attempts', ARGV[6], 'takes', 0, 'deaths', 0, 'decided', ARGV[7])
if ARGV[11] == '' then
  redis.call('HDEL', RECORD, 'committed')
  redis.call('DEL', KEYS[13])
end
if tonumber(ARGV[5]) > 0 then
  local expires = tonumber(r[2]) + ARGV[5]
  redis.call('HSET', RECORD, 'expires', expires, 'extended', tonumber(r[3] or '0') + ARGV[5])
  redis.call('ZADD', DEADLINES, expires, ARGV[2])
end
redis.call('ZADD', LANES, ARGV[4], ARGV[3])
append(LOG, EPOCH, ARGV[8], ARGV[9], ARGV[10])
return 'deferred'
`;

/** KEYS also: dead letters; ARGV: rid member lane status event mayBeCommitted freshEpoch kept retention dead */
export const END_LUA = `${HEADER}${APPEND_LUA}${CLOSE}
local r = redis.call('HMGET', RECORD, 'status', 'committed')
if not r[1] then redis.call('ZREM', DEADLINES, ARGV[2]) redis.call('ZREM', DUE, ARGV[2]) return { 'missing' } end
if FINAL[r[1]] then redis.call('ZREM', DEADLINES, ARGV[2]) return { 'final' } end
if r[2] and ARGV[6] == '' then return { 'committed' } end
close(ARGV[1], ARGV[2], ARGV[4], ARGV[5], ARGV[7], ARGV[8], ARGV[9], ARGV[10])
redis.call('ZREM', DUE, ARGV[2])
local wasHead = redis.call('LINDEX', LANE, 0) == ARGV[1]
redis.call('LREM', LANE, 1, ARGV[1])
if redis.call('EXISTS', LANE) == 0 then
  empty(ARGV[3])
elseif wasHead then
  redis.call('ZADD', LANES, clock(), ARGV[3])
  return { 'ended', tonumber(redis.call('HGET', COUNTS, 'lanes') or '1') }
end
return { 'ended', 0 }
`;

/**
 * KEYS: lanes due deadlines; ARGV: tag patience. Due activities join their lanes here; names of their keys are built
 * from the tag, since one sweep covers all apps of a tag (same slot).
 */
export const SWEEP_LUA = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local wakes = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 200)) do
  local app, rid = string.match(member, '^([^|]*)|(.*)$')
  local record = ARGV[1] .. ':rid:' .. app .. ':' .. rid
  local r = redis.call('HMGET', record, 'status', 'lane')
  redis.call('ZREM', KEYS[2], member)
  if r[1] == 'scheduled' then
    redis.call('HSET', record, 'status', 'queued')
    if redis.call('RPUSH', ARGV[1] .. ':lane:' .. r[2], rid) == 1 then
      redis.call('ZADD', KEYS[1], now, r[2])
      redis.call('HINCRBY', ARGV[1] .. ':counts:' .. app, 'lanes', 1)
      wakes[#wakes + 1] = r[2]
    end
  end
end
for _, lane in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2], 'LIMIT', 0, 200)) do
  redis.call('ZADD', KEYS[1], now, lane)
  wakes[#wakes + 1] = lane
end
return { wakes, redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 200), redis.call('ZCARD', KEYS[3]) }
`;
