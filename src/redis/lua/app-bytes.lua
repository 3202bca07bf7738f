-- Counts the bytes that an app stores: unfinished activities with attachments, kept attachments, accounts.
-- USES: counts
-- INCLUDE: counters

-- Adds to the app's count of bytes; a negative number subtracts.
local function addBytes(bytes)
  if bytes ~= 0 then count(counts, 'bytes', bytes) end
end

-- Returns whether the app's share has room for further bytes. An app with nothing stored always has room.
local function hasRoomFor(bytes, maxBytes)
  local stored = countersOf(counts).bytes
  return stored <= 0 or stored + bytes <= tonumber(maxBytes)
end
