import { createHash, randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import Type, { type Static } from "typebox";
import { validationErrors } from "../model/validate.ts";
import { hpke } from "./hpke.ts";

/** Thrown for an unusable key file; the message says which file, why, and the remedy. */
export class KeyringError extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = "KeyringError";
  }
}

const Bytes = Type.String({ pattern: "^[A-Za-z0-9_-]+$", maxLength: 256 });
const KeyVersion = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    created: Type.String(),
    /** P-256 point, uncompressed, base64url. */
    public: Bytes,
    /** P-256 scalar, base64url; absent in the file of an API-only machine. */
    private: Type.Optional(Bytes),
    /** 32 bytes for AES-256-GCM, base64url. */
    symmetric: Bytes,
  },
  { additionalProperties: false },
);
const KeyFile = Type.Object(
  {
    format: Type.Literal("dragoman-keys-1"),
    /** Version that seals new values. A higher version in the list is staged for the next rotation. */
    current: Type.Integer({ minimum: 1 }),
    versions: Type.Array(KeyVersion, { minItems: 1, maxItems: 1000 }),
  },
  { additionalProperties: false },
);
/** A generation of keys: public key, private half for workers, shared key. */
export type KeyVersion = Static<typeof KeyVersion>;
/** Content of the master key file, as JSON. */
export type KeyFile = Static<typeof KeyFile>;

/** Makes a new generation of keys. */
export async function newKeyVersion(version: number): Promise<KeyVersion> {
  const keyPair = await hpke.kem.generateKeyPair();
  const [publicBytes, privateBytes] = await Promise.all([
    hpke.kem.serializePublicKey(keyPair.publicKey),
    hpke.kem.serializePrivateKey(keyPair.privateKey),
  ]);
  return {
    version,
    created: new Date().toISOString(),
    public: Buffer.from(publicBytes).toString("base64url"),
    private: Buffer.from(privateBytes).toString("base64url"),
    symmetric: randomBytes(32).toString("base64url"),
  };
}

/** Reads and validates a key file; throws `KeyringError`, also for a missing file. */
export async function readKeyFile(path: string): Promise<KeyFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new KeyringError(
      code === "ENOENT"
        ? `There is no key file ${path}; \`dragoman serve\` and \`dragoman key create\` make it.`
        : `The key file ${path} can't be read (${code}).`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new KeyringError(
      `The key file ${path} is not a Dragoman key file: it holds no JSON. Restore it from a backup.`,
    );
  }
  const file = value as KeyFile;
  if (validationErrors(KeyFile, value).length > 0 || !file.versions.some(({ version }) => version === file.current)) {
    throw new KeyringError(`The key file ${path} is not a Dragoman key file or is damaged. Restore it from a backup.`);
  }
  return file;
}

/** Writes a key file atomically, readable by its owner only; replaces an existing file. */
export async function writeKeyFile(path: string, file: KeyFile): Promise<void> {
  const draft = await writeDraft(path, file);
  await rename(draft, path);
}

/** Creates a key file unless one exists; processes that start together get the same file. */
export async function ensureKeyFile(path: string): Promise<void> {
  try {
    await (await open(path, "r")).close();
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new KeyringError(`The key file ${path} can't be read (${(error as NodeJS.ErrnoException).code}).`);
    }
  }
  const draft = await writeDraft(path, {
    format: "dragoman-keys-1",
    current: 1,
    versions: [await newKeyVersion(1)],
  });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Returns a generation's fingerprint, kept in Redis to detect a wrong key file. Reveals nothing of the keys. */
export function fingerprintOf(version: KeyVersion): string {
  return createHash("sha256")
    .update("dragoman key fingerprint\0")
    .update(version.public)
    .update("\0")
    .update(version.symmetric)
    .digest("hex");
}

async function writeDraft(path: string, file: KeyFile): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString("hex")}.new`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(file, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await chmod(draft, 0o600);
  return draft;
}
