-- Stores whether an account should stay connected; does nothing without an account.
-- KEYS: account desiredOnline
-- ARGV: member online
-- INCLUDE: ./set-online
if redis.call('EXISTS', account) == 1 then setOnline(online) end
