import { execFile } from "node:child_process";
import { access, constants, mkdir, readdir, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ConfigError } from "../config/settings.ts";
import type { Surroundings } from "../config/surroundings.ts";
import { isNewEnough, versionIn } from "./server-facts.ts";

/** A Redis or Valkey that can be started here. */
export interface ServerProgram {
  readonly file: string;
  readonly version: string;
  /** Folders with shared libraries that the program needs beside the system's. */
  readonly libraries: readonly string[];
}

export interface FindDeps {
  /** REDIS_SERVER; empty: search PATH and the cache folder. */
  readonly configured: string;
  readonly cacheDir: string;
  readonly surroundings: Surroundings;
}

export interface FindResult {
  readonly program: ServerProgram | undefined;
  /** Sentences about programs that are too old. */
  readonly tooOld: readonly string[];
}

const NAMES = ["valkey-server", "redis-server"] as const;

/** Finds a usable program: the configured one, on PATH, or the private copy. Throws `ConfigError` when the configured one is unfit. */
export async function findServer(deps: FindDeps): Promise<FindResult> {
  if (deps.configured !== "") return { program: await configuredServer(deps.configured), tooOld: [] };
  const tooOld: string[] = [];
  for (const candidate of await candidates(deps)) {
    const version = await versionOf(candidate.file, candidate.libraries);
    if (version === undefined) continue;
    if (isNewEnough(version)) return { program: { ...candidate, version }, tooOld };
    tooOld.push(`${candidate.file} is version ${version}`);
  }
  return { program: undefined, tooOld };
}

/** Lists the private copies that `fetchServer` unpacked under the cache folder. */
async function privateCopies(cacheDir: string): Promise<readonly Omit<ServerProgram, "version">[]> {
  const root = join(cacheDir, "redis");
  const folders = await readdir(root).catch(() => []);
  const copies = await Promise.all(
    folders.filter((name) => !name.startsWith(".")).map((name) => programIn(join(root, name))),
  );
  return copies.flat();
}

/** Lists the programs in an unpacked package tree, with the library folders of that tree. */
export async function programIn(root: string): Promise<readonly Omit<ServerProgram, "version">[]> {
  const libraries: string[] = [];
  for (const base of ["lib", "usr/lib"]) {
    const names = await readdir(join(root, base), { withFileTypes: true }).catch(() => []);
    for (const entry of names) {
      if (entry.isDirectory() && entry.name.includes("-linux-")) libraries.push(join(root, base, entry.name));
    }
  }
  const files = await firstOf([join(root, "usr/bin")], NAMES);
  return files.map((file) => ({ file, libraries }));
}

/** Returns the version that a program reports; undefined when it can't be run. */
export async function versionOf(file: string, libraries: readonly string[] = []): Promise<string | undefined> {
  const env = libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(":") };
  const { stdout } = await promisify(execFile)(file, ["--version"], { env, timeout: 10_000 }).catch(() => ({
    stdout: "",
  }));
  return versionIn(stdout);
}

async function configuredServer(file: string): Promise<ServerProgram> {
  const version = await versionOf(file);
  if (version === undefined) throw new ConfigError("REDIS_SERVER", "takes the path of a redis-server or valkey-server");
  if (!isNewEnough(version)) throw new ConfigError("REDIS_SERVER", `is version ${version}; 7.0 or newer is needed`);
  return { file, version, libraries: [] };
}

async function candidates(deps: FindDeps): Promise<readonly Omit<ServerProgram, "version">[]> {
  const onPath = await firstOf(deps.surroundings.path, NAMES);
  // Debian 12's server is the file redis-check-rdb under another name: the package redis-tools is enough.
  const [checker] = onPath.length === 0 ? await firstOf(deps.surroundings.path, ["redis-check-rdb"]) : [];
  const renamed = checker === undefined ? [] : [await renamedChecker(checker, deps.cacheDir)];
  const plain = [...onPath, ...renamed].map((file) => ({ file, libraries: [] }));
  return [...plain, ...(await privateCopies(deps.cacheDir))];
}

/** Makes a link named redis-server: the program chooses its role by its name. */
async function renamedChecker(checker: string, cacheDir: string): Promise<string> {
  const folder = join(cacheDir, "redis-check");
  const link = join(folder, "redis-server");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await unlink(link).catch(() => undefined);
  await symlink(checker, link).catch(() => undefined);
  return link;
}

async function firstOf(folders: readonly string[], names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    for (const folder of folders) {
      const file = join(folder, name);
      if (await canRun(file)) {
        found.push(file);
        break;
      }
    }
  }
  return found;
}

async function canRun(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
