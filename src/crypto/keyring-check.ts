import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { KeyringError } from "./key-file.ts";
import type { Keyring } from "./keyring.ts";

/**
 * Compares the key file with the fingerprints in Redis, and stores new ones.
 * Throws `KeyringError` for a file that doesn't match: no stored credentials could be opened with such a file.
 */
export async function checkKeyring(redis: RedisClient, ring: Keyring): Promise<void> {
  const { current, fingerprints } = ring.state();
  const known = await redis.hgetall(keys.keyring);
  const storedCurrent = Number(known.current ?? 0);
  for (const [version, fingerprint] of fingerprints) {
    const stored = known[`v${version}`];
    if (stored !== undefined && stored !== fingerprint) throw new KeyringError(foreign(ring.path));
  }
  if (storedCurrent > 0 && !fingerprints.has(storedCurrent)) {
    const shared = [...fingerprints.keys()].some((version) => known[`v${version}`] !== undefined);
    throw new KeyringError(shared ? outdated(ring.path, storedCurrent) : foreign(ring.path));
  }
  for (const [version, fingerprint] of fingerprints) {
    await redis.hsetnx(keys.keyring, `v${version}`, fingerprint);
    // Two first starts may race: the first one wins.
    if ((await redis.hget(keys.keyring, `v${version}`)) !== fingerprint) throw new KeyringError(foreign(ring.path));
  }
  if (current > storedCurrent) await redis.hset(keys.keyring, "current", current);
}

function foreign(path: string): string {
  return `The key file ${path} does not match the data in Redis, which was sealed with another key. Restore the right file (MASTER_KEY_FILE, or master.key in DATA_DIR), or use an empty Redis.`;
}

function outdated(path: string, storedCurrent: number): string {
  return `The key file ${path} is older than the data: it lacks version ${storedCurrent}. Copy the newest file, or for an API-only machine a new export, to this machine.`;
}
