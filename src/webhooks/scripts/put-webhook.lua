-- Stores or changes a webhook and enables it. Pending events are due at once: a change of the webhook is a reason to
-- try again. Only a new webhook gets the cursor; an existing one keeps its secret unless `replacesSecret` is '1'.
-- KEYS: webhooks webhook enabled retries
-- ARGV: name member maxWebhooks cursor secret secretVersion replacesSecret fields...
-- RETURNS: 'created', 'replaced' or 'full'
local isNew = redis.call('SADD', webhooks, name) == 1
if isNew and redis.call('SCARD', webhooks) > tonumber(maxWebhooks) then
  redis.call('SREM', webhooks, name)
  return 'full'
end
redis.call('HSET', webhook, 'state', 'active', unpack(fields))
redis.call('HDEL', webhook, 'error', 'health')
redis.call('HINCRBY', webhook, 'version', 1)
if isNew then redis.call('HSET', webhook, 'cursor', cursor, 'created', redis.call('HGET', webhook, 'updated')) end
if isNew or replacesSecret == '1' then
  redis.call('HSET', webhook, 'secret', secret, 'secretVersion', secretVersion)
end
redis.call('SADD', enabled, member)
redis.call('DEL', retries)
return isNew and 'created' or 'replaced'
