-- INCLUDE: ./read-record

-- Takes back the claim of a lane's head whose worker lives: claims that never ended are signs of a crash.
local function returnClaim(lane, recordPrefix)
  local rid = redis.call('LINDEX', lane, 0)
  local stored = rid and readRecord(recordPrefix .. rid, 'fence')
  if stored and stored[1] then redis.call('HDEL', recordPrefix .. rid, 'fence') end
end
