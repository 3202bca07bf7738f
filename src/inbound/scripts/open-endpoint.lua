-- Opens an endpoint, or gives an open one new fields; an open endpoint keeps its id. Keys of endpoints lie in the index'
-- slot; `endpointPrefix` is completed by the id.
-- KEYS: index
-- ARGV: member newId endpointPrefix newRoutingKey fields...
-- RETURNS: the endpoint's id
-- INCLUDE: ./routing-key
redis.call('HSETNX', index, member, newId)
local id = redis.call('HGET', index, member)
removeRoutingKey(id)
if newRoutingKey ~= '' then redis.call('HSET', index, newRoutingKey, id) end
redis.call('HSET', endpointPrefix .. id, 'mate', newRoutingKey, unpack(fields))
return id
