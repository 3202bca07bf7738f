-- USES: lane laneFence lanes counts recordPrefix laneId leaseMs
-- INCLUDE: clock ./final ./leave-lane

-- Claims the lane's first activity that still has a record. After `leaseMs` without progress the sweep looks at the
-- lane again.
-- Returns { 'item', fence, body, ridAsSent, attempts, claimCount, committed, outcomes, now, expires, extended },
-- { 'wait', ms } or { 'empty' }.
local function claimHead(fence)
  while true do
    local rid = redis.call('LINDEX', lane, 0)
    if not rid then
      leaveLane()
      return { 'empty' }
    end
    local key = recordPrefix .. rid
    local body, ridAsSent, attempts, committed, outcomes, expires, extended, retry, status = unpack(redis.call('HMGET', key,
      'body', 'rid', 'attempts', 'committed', 'decided', 'expires', 'extended', 'retry', 'status'))
    if body and not FINAL[status] then
      local now = clock()
      if retry and tonumber(retry) > now then
        redis.call('ZADD', lanes, retry, laneId)
        return { 'wait', tonumber(retry) - now }
      end
      redis.call('ZADD', lanes, now + tonumber(leaseMs), laneId)
      local claimCount = redis.call('HINCRBY', key, 'takes', 1)
      return {
        'item', fence, body, ridAsSent, attempts or '0', claimCount, committed or '', outcomes or '', now, expires,
        extended or '0',
      }
    end
    redis.call('LPOP', lane)
  end
end
