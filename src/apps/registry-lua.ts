/** Tokens live up to a day; with the skew on both sides a revocation is remembered a little longer. */
export const REVOCATION_TTL_SECONDS = 86_400 + 300;

/** KEYS: names, apps, app, the app's live keys, key. ARGV: name, app, key id, created, the key's fields. 0: name taken. */
export const CREATE_LUA = `
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('HSET', KEYS[3], 'name', ARGV[1], 'created', ARGV[4])
redis.call('SADD', KEYS[4], ARGV[3])
redis.call('HSET', KEYS[5], unpack(ARGV, 5))
return 1
`;

/** KEYS: the app's live keys, key. ARGV: key id, created, the key's fields. 0: it has two. */
export const ROTATE_LUA = `
if redis.call('SCARD', KEYS[1]) >= 2 then return 0 end
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], unpack(ARGV, 3))
return 1
`;

/** KEYS: key, the app's live keys. ARGV: key id, now, seconds to remember it. Revoking twice changes nothing. */
export const REVOKE_LUA = `
redis.call('SREM', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('HSETNX', KEYS[1], 'revoked', ARGV[2]) == 1 then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return 1
`;
