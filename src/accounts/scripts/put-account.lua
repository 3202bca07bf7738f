-- Stores or replaces an account. Other fields of the record, such as the owner's fence, stay. An empty `online` keeps
-- the stored value, '0' for a new account.
-- KEYS: accounts account desiredOnline counts
-- ARGV: id member online maxAccounts bytes maxBytes fields...
-- RETURNS: 'created', 'replaced', 'full' (accounts) or 'no-room' (bytes), and the stored `online`
-- INCLUDE: app-bytes ./set-online
local isNew = redis.call('SISMEMBER', accounts, id) == 0
if isNew and redis.call('SCARD', accounts) >= tonumber(maxAccounts) then return { 'full', '0' } end
local addedBytes = bytes - tonumber(redis.call('HGET', account, 'bytes') or '0')
if addedBytes > 0 and not hasRoomFor(addedBytes, maxBytes) then return { 'no-room', '0' } end
local stored = online ~= '' and online or redis.call('HGET', account, 'online') or '0'
redis.call('SADD', accounts, id)
redis.call('HSET', account, 'state', 'stored', unpack(fields))
redis.call('HSET', account, 'bytes', bytes)
addBytes(addedBytes)
redis.call('HDEL', account, 'error')
setOnline(stored)
return { isNew and 'created' or 'replaced', stored }
