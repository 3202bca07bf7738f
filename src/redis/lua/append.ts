/**
 * Lua: `append(log, epochKey, freshEpoch, kept, event)` adds one event to an app's log and answers its cursor
 * `<epoch>.<stream id>`. Included by every script that appends, so that an event and the state it tells of are one
 * write. The first entry of a new log states its epoch: a tail that meets it knows that its old cursors are void.
 * `appendField` does the same for an entry of another kind (`c`: a control entry).
 */
export const APPEND_LUA = `
local function appendField(log, epochKey, freshEpoch, kept, field, value)
  local epoch = redis.call('GET', epochKey)
  if not epoch then
    epoch = freshEpoch
    redis.call('SET', epochKey, epoch)
    redis.call('XADD', log, '*', 'epoch', epoch)
  end
  return epoch .. '.' .. redis.call('XADD', log, 'MAXLEN', '~', kept, '*', field, value)
end
local function append(log, epochKey, freshEpoch, kept, event)
  return appendField(log, epochKey, freshEpoch, kept, 'e', event)
end
`;
