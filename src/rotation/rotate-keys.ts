import { stat } from "node:fs/promises";
import { KeyringError, newKeyVersion, readKeyFile, writeKeyFile } from "../crypto/key-file.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { checkKeyring } from "../crypto/keyring-check.ts";
import type { RedisClient } from "../redis/connect.ts";
import { type ResealCounts, resealAll } from "./reseal.ts";

/** Result of a rotation: the new version, and the numbers of values sealed anew. */
export interface Resealed extends ResealCounts {
  readonly version: number;
}

/**
 * Adds a version to the key file, not used yet, and returns that version.
 * So the file (or its export) can be copied to the other machines first. A version already staged stays.
 */
export async function stageKeyVersion(path: string): Promise<number> {
  const file = await readKeyFile(path);
  const newest = Math.max(...file.versions.map(({ version }) => version));
  if (newest > file.current) return newest;
  if (file.versions.some((version) => version.private === undefined)) {
    throw new KeyringError(`${path} is the export for an API-only machine; rotate where the master key file is.`);
  }
  await writeKeyFile(path, { ...file, versions: [...file.versions, await newKeyVersion(newest + 1)] });
  return newest + 1;
}

/**
 * Makes the staged version (or a new one) current, and seals all stored secrets anew.
 * Running processes go on: they read the file again when they meet the new version, and at most 5 s later for values
 * they seal themselves. Old versions stay in the file. Safe to repeat after an interruption.
 */
export async function rotateKeys(deps: { readonly redis: RedisClient; readonly keyring: Keyring }): Promise<Resealed> {
  const { redis, keyring } = deps;
  await checkKeyring(redis, keyring);
  const version = await stageKeyVersion(keyring.path);
  const file = await readKeyFile(keyring.path);
  await writeKeyFile(keyring.path, { ...file, current: version });
  await keyring.reload();
  await checkKeyring(redis, keyring);
  return { version, ...(await resealAll(deps)) };
}

/**
 * Writes the key file of an API-only machine, without private halves.
 * Never overwrites a file. Throws `KeyringError` instead.
 */
export async function exportApiKeyFile(path: string, to: string): Promise<void> {
  const existing = await stat(to).catch(() => undefined);
  if (existing !== undefined) throw new KeyringError(`${to} exists already; name a file that does not.`);
  const file = await readKeyFile(path);
  await writeKeyFile(to, { ...file, versions: file.versions.map(({ private: _, ...version }) => version) });
}
