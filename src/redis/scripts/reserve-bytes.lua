-- Counts bytes that an app stores for a limited time, if its share has room. Extending is never refused.
-- KEYS: counts keptBytes
-- ARGV: name bytes maxBytes seconds isExtension
-- RETURNS: 'reserved' or 'full'
-- INCLUDE: expiring-bytes
releaseExpired()
if isExtension == '' and not hasRoomFor(tonumber(bytes), maxBytes) then return 'full' end
keepBytes(name, bytes, seconds)
return 'reserved'
