-- Keeps the confirm of a dead letter's replay. Never makes a record anew.
-- KEYS: deadLetters record
-- ARGV: rid confirm
-- RETURNS: nothing
if redis.call('ZSCORE', deadLetters, rid) and redis.call('EXISTS', record) == 1 then
  redis.call('HSET', record, 'replay', confirm)
end
