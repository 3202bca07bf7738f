-- Appends one entry to an app's log.
-- KEYS: log epoch
-- ARGV: nextEpoch eventsKept field value
-- RETURNS: the entry's cursor
-- INCLUDE: append
return appendEntry(field, value)
