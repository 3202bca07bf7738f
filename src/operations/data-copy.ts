import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";

/** A copied file: its path in the copy, bytes, and SHA-256 in hex. */
export interface CopiedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Contents of a copy's `backup.json`. */
export interface CopyManifest {
  readonly format: 1;
  /** RFC 3339. */
  readonly created: string;
  readonly files: readonly CopiedFile[];
}

/** Error of a copy that cannot be made or used. Its message says what to do. */
export class DataCopyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DataCopyError";
  }
}

const MANIFEST = "backup.json";

/**
 * Writes a copy into a new folder, readable by this user only. The folder has its name once all is in it, so that what is
 * there is whole. Throws `DataCopyError` where the folder exists or cannot be made.
 */
export async function writeCopy(target: string, sources: ReadonlyMap<string, string>): Promise<CopyManifest> {
  if (await exists(target)) throw new DataCopyError(`${target} exists; name a folder that does not.`);
  const partial = `${target}.partial`;
  try {
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { mode: 0o700 });
    const files: CopiedFile[] = [];
    for (const [path, source] of sources) files.push(await copyOne(source, partial, path));
    const manifest: CopyManifest = { format: 1, created: new Date().toISOString(), files };
    await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    await rename(partial, target);
    return manifest;
  } catch (error) {
    await discard(partial);
    throw unwritable(target, error);
  }
}

/** Reads a copy's manifest and checks every file. Throws `DataCopyError` where something is missing or changed. */
export async function checkCopy(folder: string): Promise<CopyManifest> {
  const manifest = await readManifest(folder);
  for (const { path, bytes, sha256 } of manifest.files) {
    const file = join(folder, path);
    const isWhole = (await exists(file)) && (await stat(file)).size === bytes && (await hashOf(file)) === sha256;
    if (!isWhole) throw new DataCopyError(`${file} is missing or was changed; use another backup.`);
  }
  return manifest;
}

/** Puts files of a checked copy below a folder that must not hold any yet. Throws `DataCopyError`. */
export async function restoreFolder(folder: string, manifest: CopyManifest, prefix: string, target: string) {
  if ((await exists(target)) && (await readdir(target)).length > 0) {
    throw new DataCopyError(`${target} holds data; stop the gateway and move that folder away first.`);
  }
  const partial = `${target}.partial`;
  try {
    await rm(partial, { recursive: true, force: true });
    await mkdir(dirname(target), { recursive: true });
    await mkdir(partial, { mode: 0o700 });
    for (const { path } of manifest.files) {
      if (path.startsWith(prefix)) await copyOne(join(folder, path), partial, path.slice(prefix.length));
    }
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
  } catch (error) {
    await discard(partial);
    throw unwritable(target, error);
  }
}

/** Removes a folder that is not whole. It may never have been made. */
async function discard(partial: string): Promise<void> {
  await rm(partial, { recursive: true, force: true }).catch(() => undefined);
}

async function copyOne(source: string, folder: string, path: string): Promise<CopiedFile> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await copyFile(source, file);
  return { path, bytes: (await stat(file)).size, sha256: await hashOf(file) };
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

async function readManifest(folder: string): Promise<CopyManifest> {
  const text = await readFile(join(folder, MANIFEST), "utf8").catch(() => undefined);
  if (text === undefined) throw new DataCopyError(`${folder} is no backup: it has no ${MANIFEST}.`);
  const manifest = JSON.parse(text) as CopyManifest;
  const isInside = ({ path }: CopiedFile): boolean => !path.startsWith("/") && !path.split("/").includes("..");
  if (manifest.format === 1 && manifest.files.every(isInside)) return manifest;
  throw new DataCopyError(`${join(folder, MANIFEST)} is of another version of Dragoman.`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function unwritable(target: string, error: unknown): Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  if (code === undefined || error instanceof DataCopyError) return error instanceof Error ? error : new Error(code);
  return new DataCopyError(`${target} can't be written (${code}); name a folder that this user may write to.`);
}
