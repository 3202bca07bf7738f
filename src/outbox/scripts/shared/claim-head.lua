-- USES: lanes retries busy
-- INCLUDE: clock later ./final ./leave-lane ./read-record

-- Claims the lane's first activity that still has a record. A lane without such a head leaves its drainer; one that waits
-- is found in `retries`. With `leaseMs`, the sweep looks at the lane after so long; without, by its time of acceptance.
-- Returns { 'item', fence, body, ridAsSent, attempts, claimCount, committed, outcomes, now, expires, extended, suspicion },
-- { 'wait', ms } or { 'empty' }.
local function claimHead(lane, laneFence, counts, recordPrefix, laneId, fence, leaseMs)
  while true do
    local rid = redis.call('LINDEX', lane, 0)
    if not rid then
      leaveLane(laneFence, counts, laneId)
      later('SREM', busy, laneId)
      return { 'empty' }
    end
    local key = recordPrefix .. rid
    local body, ridAsSent, attempts, committed, outcomes, expires, extended, retry, status, suspicion = unpack(readRecord(key,
      'body', 'rid', 'attempts', 'committed', 'decided', 'expires', 'extended', 'retry', 'status', 'suspicion') or {})
    if body and not FINAL[status] then
      local now = clock()
      if retry and tonumber(retry) > now then
        redis.call('ZADD', lanes, retry, laneId)
        redis.call('ZADD', retries, retry, laneId)
        redis.call('SREM', busy, laneId)
        return { 'wait', tonumber(retry) - now }
      end
      if leaseMs then redis.call('ZADD', lanes, now + tonumber(leaseMs), laneId) end
      local claimCount = redis.call('HINCRBY', key, 'takes', 1)
      return {
        'item', fence, body, ridAsSent, attempts or '0', claimCount, committed or '', outcomes or '', now, expires,
        extended or '0', suspicion or '0',
      }
    end
    redis.call('LPOP', lane)
  end
end
