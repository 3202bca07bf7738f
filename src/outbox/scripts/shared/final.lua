-- Statuses that never change again; a record's fields are listed in outbox-scripts.ts.
local FINAL = { sent = true, failed = true, partial = true, expired = true, cancelled = true, unknown = true }
