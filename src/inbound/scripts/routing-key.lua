-- Keeps the routing keys of an app's webhook endpoints in the index of endpoints.
-- USES: index endpointPrefix

-- Deletes an endpoint's routing key, unless another endpoint has taken that key over.
local function removeRoutingKey(id)
  local routingKey = redis.call('HGET', endpointPrefix .. id, 'mate')
  if routingKey and routingKey ~= '' and redis.call('HGET', index, routingKey) == id then
    redis.call('HDEL', index, routingKey)
  end
end
