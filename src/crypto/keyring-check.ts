import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { KeyringError } from "./key-file.ts";
import type { Keyring } from "./keyring.ts";

/**
 * Compares the key file with the fingerprints that the data remembers, and leaves them there for the next start.
 * Throws `KeyringError` for a file that doesn't fit the data: with it no stored login could be opened.
 */
export async function checkKeyring(redis: RedisClient, ring: Keyring): Promise<void> {
  const { current, fingerprints } = ring.state();
  const remembered = await redis.hgetall(keys.keyring);
  const needed = Number(remembered.current ?? 0);
  for (const [version, fingerprint] of fingerprints) {
    const stored = remembered[`v${version}`];
    if (stored !== undefined && stored !== fingerprint) throw new KeyringError(foreign(ring.path));
  }
  if (needed > 0 && !fingerprints.has(needed)) {
    const shared = [...fingerprints.keys()].some((version) => remembered[`v${version}`] !== undefined);
    throw new KeyringError(shared ? outdated(ring.path, needed) : foreign(ring.path));
  }
  for (const [version, fingerprint] of fingerprints) {
    await redis.hsetnx(keys.keyring, `v${version}`, fingerprint);
    // Another first start may have come between: whoever was first wins.
    if ((await redis.hget(keys.keyring, `v${version}`)) !== fingerprint) throw new KeyringError(foreign(ring.path));
  }
  if (current > needed) await redis.hset(keys.keyring, "current", current);
}

function foreign(path: string): string {
  return `The key file ${path} does not fit the data in Redis: that was sealed with another key. Restore the right file (MASTER_KEY_FILE, or master.key in DATA_DIR), or use an empty Redis.`;
}

function outdated(path: string, needed: number): string {
  return `The key file ${path} is older than the data: it lacks version ${needed}. Copy the newest file, or for an API-only machine a new export, to this machine.`;
}
