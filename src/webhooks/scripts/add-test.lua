-- Queues a test event for the worker that delivers the webhook.
-- KEYS: webhook tests
-- ARGV: id json maxTests
-- RETURNS: 1, or 0 for an unknown or disabled webhook
if redis.call('HGET', webhook, 'state') ~= 'active' then return 0 end
redis.call('RPUSH', tests, cjson.encode({ id, json }))
redis.call('LTRIM', tests, -maxTests, -1)
redis.call('EXPIRE', tests, 3600)
return 1
