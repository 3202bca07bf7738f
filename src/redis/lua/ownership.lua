-- Checks that the caller still owns an account; every script that writes as an owner includes it.
-- USES: account fence

-- Returns whether the account's fence is the caller's: a newer owner has a greater one.
local function isOwner()
  return redis.call('HGET', account, 'fence') == fence
end
