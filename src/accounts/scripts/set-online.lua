-- Keeps the shard's list of accounts that should be connected.
-- USES: account desiredOnline member

-- Stores whether the account should stay connected ('1' or '0').
local function setOnline(online)
  redis.call('HSET', account, 'online', online)
  redis.call(online == '1' and 'SADD' or 'SREM', desiredOnline, member)
end
