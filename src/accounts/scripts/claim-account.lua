-- Claims an account under the fence of its shard's lease. Fences only grow, so an older owner is refused from then on.
-- KEYS: account
-- ARGV: fence
-- RETURNS: platform, address, version, online, state and error; 'taken' by a newer owner; nothing without an account
local record = redis.call('HMGET', account, 'platform', 'address', 'version', 'online', 'state', 'error', 'fence')
local version, owner = record[3], record[7]
if not version then return {} end
if owner and tonumber(owner) > tonumber(fence) then return { 'taken' } end
if owner ~= fence then redis.call('HSET', account, 'fence', fence) end
return record
