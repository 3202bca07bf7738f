import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import type { CipherSuite } from "@hpke/core";
import { HPKE_INFO, hpke } from "./hpke.ts";
import { ensureKeyFile, fingerprintOf, KeyringError, readKeyFile } from "./key-file.ts";

/**
 * The keys that seal account credentials and listener keys (promise "secret").
 * Sealed values are text: `h<version>.<encapsulated key>.<ciphertext>` for the public key, and
 * `s<version>.<iv>.<ciphertext and tag>` for the shared key.
 */
export interface Keyring {
  /** Seals a text that only a process with the private half can open. */
  readonly seal: (plain: string, associatedData: Uint8Array) => Promise<string>;
  /** Throws `KeyringError` where the private half is missing or the associated data differs. */
  readonly open: (sealed: string, associatedData: Uint8Array) => Promise<string>;
  /** Seals a value that the API itself must open (listener keys, secrets of webhook endpoints). */
  readonly sealShared: (plain: Uint8Array, associatedData: Uint8Array) => Promise<string>;
  readonly openShared: (sealed: string, associatedData: Uint8Array) => Promise<Buffer>;
  /** Returns true for a value sealed with the current version. */
  readonly isCurrent: (sealed: string) => boolean;
  /** Returns the current version and all fingerprints, to be compared with those in Redis. */
  readonly state: () => { readonly current: number; readonly fingerprints: ReadonlyMap<number, string> };
  /** Reads the file again, which also happens automatically (see `keyring`). */
  readonly reload: () => Promise<void>;
  readonly path: string;
}

export interface KeyringDeps {
  /** Path of the key file, which is created if missing. */
  readonly path: string;
  /** False in an API process, which can only seal: its memory holds no private halves. */
  readonly opens: boolean;
  /** Clock in milliseconds; replaced by tests. */
  readonly now?: () => number;
}

type Key = Parameters<CipherSuite["open"]>[0]["recipientKey"];
interface Generation {
  readonly version: number;
  readonly publicKey: Awaited<ReturnType<typeof hpke.kem.deserializePublicKey>>;
  readonly privateKey: Key | undefined;
  readonly symmetric: Buffer;
  readonly fingerprint: string;
}
interface LoadedKeys {
  readonly current: number;
  readonly generations: ReadonlyMap<number, Generation>;
  readonly changed: number;
}

/** Interval of checking the file's time while sealing. Shortest interval of reloads for an unknown version. */
const CHECK_INTERVAL_MS = 5_000;
const RELOAD_INTERVAL_MS = 1_000;

/**
 * Loads the keys, and creates the file on a first run. Throws `KeyringError`.
 * A running process follows a rotation: at once for values of an unknown version, within 5 s for values it seals.
 */
export async function keyring({ path, opens, now = Date.now }: KeyringDeps): Promise<Keyring> {
  await ensureKeyFile(path);
  let loaded = await load(path, opens);
  let lastChecked = now();
  let lastReload = now() - RELOAD_INTERVAL_MS;

  const reload = async (): Promise<void> => {
    loaded = await load(path, opens);
  };
  const currentGeneration = async (): Promise<Generation> => {
    if (now() - lastChecked >= CHECK_INTERVAL_MS) {
      lastChecked = now();
      if ((await modifiedAt(path)) !== loaded.changed) await reload();
    }
    return loaded.generations.get(loaded.current) as Generation;
  };
  const generationOf = async (version: number): Promise<Generation> => {
    if (!loaded.generations.has(version) && now() - lastReload >= RELOAD_INTERVAL_MS) {
      lastReload = now();
      await reload();
    }
    const generation = loaded.generations.get(version);
    if (generation === undefined) throw new KeyringError(versionMissing(path, version));
    return generation;
  };

  return {
    path,
    reload,
    isCurrent: (sealed) => versionIn(sealed) === loaded.current,
    state: () => ({
      current: loaded.current,
      fingerprints: new Map([...loaded.generations].map(([version, { fingerprint }]) => [version, fingerprint])),
    }),
    seal: async (plain, associatedData) => {
      const generation = await currentGeneration();
      return `h${generation.version}.${await sealTo(generation, plain, associatedData)}`;
    },
    open: async (sealed, associatedData) => {
      const { version, first, second } = laneParts(sealed, "h");
      const { privateKey } = await generationOf(version);
      if (privateKey === undefined) throw new KeyringError("This process has no private keys: it can seal, not open.");
      const context = { recipientKey: privateKey, enc: exact(first), info: HPKE_INFO };
      const plain = await hpke.open(context, exact(second), exact(associatedData)).catch(throwMismatch);
      return Buffer.from(plain).toString("utf8");
    },
    sealShared: async (plain, associatedData) => {
      const { symmetric, version } = await currentGeneration();
      return `s${version}.${sealWith(symmetric, plain, associatedData)}`;
    },
    openShared: async (sealed, associatedData) => {
      const { version, first, second } = laneParts(sealed, "s");
      const { symmetric } = await generationOf(version);
      return openWith(symmetric, first, second, associatedData);
    },
  };
}

async function load(path: string, opens: boolean): Promise<LoadedKeys> {
  const changed = await modifiedAt(path);
  const file = await readKeyFile(path);
  const generations = new Map<number, Generation>();
  try {
    for (const entry of file.versions) {
      const secret = opens ? entry.private : undefined;
      const symmetric = Buffer.from(entry.symmetric, "base64url");
      if (symmetric.length !== 32) throw new Error("wrong length");
      generations.set(entry.version, {
        version: entry.version,
        publicKey: await hpke.kem.deserializePublicKey(exact(Buffer.from(entry.public, "base64url"))),
        privateKey:
          secret === undefined
            ? undefined
            : await hpke.kem.deserializePrivateKey(exact(Buffer.from(secret, "base64url"))),
        symmetric,
        fingerprint: fingerprintOf(entry),
      });
    }
  } catch (error) {
    throw new KeyringError(`The key file ${path} is damaged. Restore it from a backup.`, { cause: error });
  }
  return { current: file.current, generations, changed };
}

async function sealTo(generation: Generation, plain: string, associatedData: Uint8Array): Promise<string> {
  const bytes = exact(Buffer.from(plain, "utf8"));
  const { enc, ct } = await hpke.seal(
    { recipientPublicKey: generation.publicKey, info: HPKE_INFO },
    bytes,
    exact(associatedData),
  );
  return `${Buffer.from(enc).toString("base64url")}.${Buffer.from(ct).toString("base64url")}`;
}

/** Seals with AES-256-GCM; returns `<iv>.<ciphertext and tag>`. */
function sealWith(symmetric: Buffer, plain: Uint8Array, associatedData: Uint8Array): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", symmetric, iv).setAAD(associatedData);
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return `${iv.toString("base64url")}.${body.toString("base64url")}`;
}

function openWith(symmetric: Buffer, iv: Buffer, body: Buffer, associatedData: Uint8Array): Buffer {
  try {
    const cipher = createDecipheriv("aes-256-gcm", symmetric, iv, { authTagLength: 16 }).setAAD(associatedData);
    cipher.setAuthTag(body.subarray(-16));
    return Buffer.concat([cipher.update(body.subarray(0, -16)), cipher.final()]);
  } catch (error) {
    return throwMismatch(error);
  }
}

async function modifiedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    throw new KeyringError(`The key file ${path} can't be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** Copies bytes: WebCrypto takes whole ArrayBuffers, while Node's small Buffers share one. */
function exact(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function versionIn(sealed: string): number {
  return Number(/^[hs](\d{1,9})\./.exec(sealed)?.[1] ?? Number.NaN);
}

function laneParts(sealed: string, kind: "h" | "s"): { version: number; first: Buffer; second: Buffer } {
  const match = /^([hs])(\d{1,9})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(sealed);
  if (match === null || match[1] !== kind) throw new KeyringError("A sealed value is damaged.");
  const [, , version, first, second] = match as unknown as [string, string, string, string, string];
  return { version: Number(version), first: Buffer.from(first, "base64url"), second: Buffer.from(second, "base64url") };
}

function throwMismatch(cause: unknown): never {
  throw new KeyringError("A sealed value is damaged or does not belong where it was found.", { cause });
}

function versionMissing(path: string, version: number): string {
  return `Version ${version} of the keys is not in ${path}. Copy the newest key file to this machine.`;
}
