-- Stores the state of an account's connection and appends the event that reports it, unless that is empty.
-- With `credentialsVersion` only while the account still has these credentials.
-- KEYS: account log epoch
-- ARGV: fence state stateError event credentialsVersion nextEpoch eventsKept
-- RETURNS: 'published'; 'outdated' for other credentials; 'taken' by another owner
-- INCLUDE: ownership append
if not isOwner() then return 'taken' end
if credentialsVersion ~= '' and redis.call('HGET', account, 'version') ~= credentialsVersion then return 'outdated' end
redis.call('HSET', account, 'state', state)
if stateError == '' then
  redis.call('HDEL', account, 'error')
else
  redis.call('HSET', account, 'error', stateError)
end
if event ~= '' then append(event) end
return 'published'
