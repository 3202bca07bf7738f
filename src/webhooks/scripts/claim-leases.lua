-- Leases every enabled webhook of a tag that has no owner. The keys of leases and webhooks lie in the tag's slot;
-- `leasePrefix` and `webhookPrefix` are completed by `<app>:<name>`.
-- KEYS: enabled fences
-- ARGV: leasePrefix webhookPrefix leaseMs
-- RETURNS: `<app>|<name>`, fence, `<app>|<name>`, fence ...
local claimed = {}
for _, member in ipairs(redis.call('SMEMBERS', enabled)) do
  local app, name = string.match(member, '^([^|]*)|(.*)$')
  local suffix = app .. ':' .. name
  if redis.call('EXISTS', leasePrefix .. suffix) == 0 then
    local fence = tostring(redis.call('INCR', fences))
    redis.call('SET', leasePrefix .. suffix, fence, 'PX', leaseMs)
    redis.call('HSET', webhookPrefix .. suffix, 'fence', fence)
    claimed[#claimed + 1] = member
    claimed[#claimed + 1] = fence
  end
end
return claimed
