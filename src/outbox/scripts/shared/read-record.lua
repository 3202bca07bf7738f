-- Reads fields of a record. Returns nothing for a sent activity's record, which is a text: see packed-record.ts.
local function readRecord(key, ...)
  local fields = redis.pcall('HMGET', key, ...)
  if not fields.err then return fields end
  if not string.find(fields.err, '^WRONGTYPE') then error(fields.err) end
  return nil
end
