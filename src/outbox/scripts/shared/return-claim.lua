-- INCLUDE: ./read-record

-- Takes back the claim of a lane's head whose worker lives: claims that never ended are signs of a crash.
local function returnClaim(lane, recordPrefix)
  local rid = redis.call('LINDEX', lane, 0)
  local takes = rid and readRecord(recordPrefix .. rid, 'takes')
  if takes and tonumber(takes[1] or '0') > 0 then redis.call('HINCRBY', recordPrefix .. rid, 'takes', -1) end
end
