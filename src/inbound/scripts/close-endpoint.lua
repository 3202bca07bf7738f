-- Closes an endpoint and forgets its id.
-- KEYS: index
-- ARGV: member endpointPrefix
-- RETURNS: 1 when there was one, else 0
-- INCLUDE: ./routing-key
local id = redis.call('HGET', index, member)
if not id then return 0 end
removeRoutingKey(id)
redis.call('DEL', endpointPrefix .. id)
return redis.call('HDEL', index, member)
