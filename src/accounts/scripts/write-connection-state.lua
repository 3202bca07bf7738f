-- Writes one field of an account's connection state, or deletes it when no value is given.
-- KEYS: account connectionState
-- ARGV: fence field values...
-- RETURNS: 'written', or 'taken' by another owner
-- INCLUDE: ownership
if not isOwner() then return 'taken' end
if #values > 0 then
  redis.call('HSET', connectionState, field, unpack(values))
else
  redis.call('HDEL', connectionState, field)
end
return 'written'
