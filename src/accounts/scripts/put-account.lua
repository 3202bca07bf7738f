-- Stores or replaces an account. Other fields of the record, such as the owner's fence, stay. An empty `online` keeps
-- the stored value, '0' for a new account.
-- KEYS: accounts account desiredOnline
-- ARGV: id member online maxAccounts fields...
-- RETURNS: 'created', 'replaced' or 'full', and the stored `online`
-- INCLUDE: ./set-online
local isNew = redis.call('SISMEMBER', accounts, id) == 0
if isNew and redis.call('SCARD', accounts) >= tonumber(maxAccounts) then return { 'full', '0' } end
local stored = online ~= '' and online or redis.call('HGET', account, 'online') or '0'
redis.call('SADD', accounts, id)
redis.call('HSET', account, 'state', 'stored', unpack(fields))
redis.call('HDEL', account, 'error')
setOnline(stored)
return { isNew and 'created' or 'replaced', stored }
