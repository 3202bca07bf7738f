-- Notes that the worker lives, renews its leases and takes free shards up to a fair share, unless the worker is about to
-- end. A lease that ran out while Redis was away still belongs to its worker if nobody took it.
-- KEYS: workers leases fences
-- ARGV: worker leaseMs shards mayTake
-- RETURNS: share, then shard and fence of each owned shard
-- INCLUDE: clock
local now = clock()
local ends = now + leaseMs
if mayTake == '1' then redis.call('ZADD', workers, now, worker) else redis.call('ZREM', workers, worker) end
redis.call('ZREMRANGEBYSCORE', workers, '-inf', now - leaseMs)
local share = math.ceil(shards / math.max(1, redis.call('ZCARD', workers)))
local reply, free, renewed = { share }, {}, { 'HSET', leases }

local function keep(shard, fence)
  renewed[#renewed + 1] = shard
  renewed[#renewed + 1] = worker .. ' ' .. fence .. ' ' .. ends
  reply[#reply + 1] = shard
  reply[#reply + 1] = tonumber(fence)
end

local all = {}
for shard = 0, shards - 1 do all[#all + 1] = shard end
for index, lease in ipairs(redis.call('HMGET', leases, unpack(all))) do
  local owner, fence, expiry = string.match(lease or '', '^(%S+) (%S+) (%S+)$')
  if owner == worker then
    keep(index - 1, fence)
  elseif not owner or tonumber(expiry) <= now then
    free[#free + 1] = index - 1
  end
end
for _, shard in ipairs(free) do
  if mayTake ~= '1' or (#reply - 1) / 2 >= share then break end
  keep(shard, redis.call('INCR', fences))
end
if #renewed > 2 then redis.call(unpack(renewed)) end
return reply
