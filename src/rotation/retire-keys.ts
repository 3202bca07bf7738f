import { setTimeout as delay } from "node:timers/promises";
import { readKeyFile, writeKeyFile } from "../crypto/key-file.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { checkKeyring } from "../crypto/keyring-check.ts";
import type { RedisClient } from "../redis/connect.ts";
import { resealAll } from "./reseal.ts";

export interface RetireKeysDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
  /** Time until every process seals with the current version; tests shorten it. */
  readonly settleMs?: number;
}

/** Time for processes to follow a rotation, which takes them 5 s at most. */
const SETTLE_MS = 10_000;

/**
 * Removes old versions from the key file, and returns their numbers.
 * Secrets that were deleted before are thereby lost also in old copies of the data (crypto-shredding): nobody can open
 * what Redis' append-only file, a replica or a backup still holds of them. All that is stored is sealed anew first.
 * Copies of the key file must be replaced as well. Consents under way must be begun again.
 */
export async function retireKeys({ redis, keyring, settleMs = SETTLE_MS }: RetireKeysDeps): Promise<readonly number[]> {
  await keyring.reload();
  await checkKeyring(redis, keyring);
  await delay(settleMs);
  // Until a pass finds nothing: a value changed meanwhile was left to its writer.
  for (;;) {
    const { accounts, hooks, keys } = await resealAll({ redis, keyring });
    if (accounts + hooks + keys === 0) break;
  }
  const file = await readKeyFile(keyring.path);
  const retired = file.versions.filter(({ version }) => version < file.current);
  if (retired.length === 0) return [];
  await writeKeyFile(keyring.path, {
    ...file,
    versions: file.versions.filter(({ version }) => version >= file.current),
  });
  await keyring.reload();
  return retired.map(({ version }) => version);
}
