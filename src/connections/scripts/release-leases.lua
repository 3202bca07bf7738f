-- Gives up the leases of these shards that are still the worker's.
-- KEYS: leases
-- ARGV: worker shards...
-- RETURNS: nothing
for _, shard in ipairs(shards) do
  local owner = string.match(redis.call('HGET', leases, shard) or '', '^(%S+)')
  if owner == worker then redis.call('HDEL', leases, shard) end
end
