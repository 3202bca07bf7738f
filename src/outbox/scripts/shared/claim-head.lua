-- USES: lanes retries busy
-- INCLUDE: clock later ./final ./leave-lane ./read-record

-- Claims the lane's first activity that still has a record: the fence is kept there. A lane without such a head leaves its
-- drainer; one that waits is found in `retries`. With `leaseMs`, the sweep looks at the lane after so long; without, by its
-- time of acceptance. Returns { 'item', fence, body, ridAsSent, attempts, claimCount, committed, outcomes, now, expires,
-- extended, suspicion }, { 'wait', ms } or { 'empty' }.
local function claimHead(lane, laneFence, counts, recordPrefix, laneId, fence, leaseMs)
  while true do
    local rid = redis.call('LINDEX', lane, 0)
    if not rid then
      leaveLane(laneFence, counts, laneId)
      later('SREM', busy, laneId)
      return { 'empty' }
    end
    local key = recordPrefix .. rid
    local body, ridAsSent, attempts, committed, outcomes, expires, extended, retry, status, suspicion, takes, oldFence =
      unpack(readRecord(key, 'body', 'rid', 'attempts', 'committed', 'decided', 'expires', 'extended', 'retry', 'status',
        'suspicion', 'takes', 'fence') or {})
    if body and not FINAL[status] then
      local now = clock()
      if retry and tonumber(retry) > now then
        redis.call('ZADD', lanes, retry, laneId)
        redis.call('ZADD', retries, retry, laneId)
        redis.call('SREM', busy, laneId)
        return { 'wait', tonumber(retry) - now }
      end
      if leaseMs then later('ZADD', lanes, clockText(leaseMs), laneId) end
      local claims = tonumber(takes or '0')
      if oldFence and oldFence ~= fence then
        -- Claimed before, and neither ended nor given back.
        claims = claims + 1
        redis.call('HSET', key, 'fence', fence, 'takes', claims)
      else
        redis.call('HSET', key, 'fence', fence)
      end
      -- Tells a worker of an earlier version that it has lost the lane.
      if redis.call('EXISTS', laneFence) == 1 then redis.call('SET', laneFence, fence) end
      return {
        'item', fence, body, ridAsSent, attempts or '0', claims + 1, committed or '', outcomes or '', now,
        expires, extended or '0', suspicion or '0',
      }
    end
    redis.call('LPOP', lane)
  end
end
