import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Surroundings } from "../config/surroundings.ts";
import { programIn, type ServerProgram, versionOf } from "./find-server.ts";
import { isNewEnough } from "./server-facts.ts";

export interface FetchDeps {
  readonly cacheDir: string;
  readonly surroundings: Surroundings;
  /** Called once, before the download begins. */
  readonly onProgress: (sentence: string) => void;
}

const run = promisify(execFile);
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Packages to try, best first. Each choice is the server's package and that of the program it links to. */
const PACKAGE_CHOICES = [
  ["valkey-server", "valkey-tools"],
  ["redis-server", "redis-tools"],
] as const;

/**
 * Downloads the distribution's Redis or Valkey packages and unpacks them into the cache folder. No root is needed,
 * nothing is installed, and apt checks the signatures as usual. Undefined where that can't be done; throws the error of
 * apt or of the disk when a step fails half-way.
 */
export async function fetchServer(deps: FetchDeps): Promise<ServerProgram | undefined> {
  if (!(await runsHere("apt-get", ["--version"])) || !(await runsHere("dpkg-deb", ["--version"]))) return undefined;
  const root = join(deps.cacheDir, "redis");
  deps.onProgress(
    `No Redis here: fetching your distribution's signed packages into ${root} (about 8 MB, nothing is installed).`,
  );
  await mkdir(root, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(root, ".fetch-"));
  try {
    const apt = await privateApt(work);
    await run("apt-get", [...apt, "-q", "update"], spawnOptions(work));
    const packages = await missingPackages(apt, work);
    if (packages === undefined) return undefined;
    const debs = join(work, "debs");
    await mkdir(debs);
    await run("apt-get", [...apt, "-q", "download", ...packages], spawnOptions(debs));
    const tree = join(work, "tree");
    for (const deb of await readdir(debs)) await run("dpkg-deb", ["-x", join(debs, deb), tree], spawnOptions(work));
    return await moveIntoCache(tree, root);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Makes a private apt state, which needs neither root nor the system's package lists. */
async function privateApt(work: string): Promise<readonly string[]> {
  await mkdir(join(work, "state/lists/partial"), { recursive: true });
  await mkdir(join(work, "cache/archives/partial"), { recursive: true });
  const conf = join(work, "apt.conf");
  await writeFile(
    conf,
    [
      `Dir::State "${work}/state";`,
      'Dir::State::status "/var/lib/dpkg/status";',
      `Dir::Cache "${work}/cache";`,
      'Debug::NoLocking "true";',
      'APT::Sandbox::User "";',
      'APT::Install-Recommends "false";',
      'Acquire::Languages "none";',
    ].join("\n"),
  );
  return ["-c", conf];
}

/** Returns the packages that apt would install. `--reinstall`: they may be installed but not on PATH. */
async function missingPackages(apt: readonly string[], work: string): Promise<readonly string[] | undefined> {
  for (const names of PACKAGE_CHOICES) {
    const { stdout } = await run(
      "apt-get",
      [...apt, "-s", "-q", "--reinstall", "install", ...names],
      spawnOptions(work),
    ).catch(() => ({ stdout: "" }));
    const lines = [...stdout.matchAll(/^Inst (\S{1,200}) (?:\[[^\]\n]{1,200}\] )?\((?:\d{1,9}:)?(\d{1,9}\.\d{1,9})/gm)];
    const version = lines.find((line) => line[1] === names[0])?.[2];
    if (version !== undefined && isNewEnough(version)) return lines.map((line) => line[1] as string);
  }
  return undefined;
}

/** Moves the tree into a folder named after the version. Another gateway may have been faster. */
async function moveIntoCache(tree: string, root: string): Promise<ServerProgram | undefined> {
  const [unpacked] = await programIn(tree);
  const version = unpacked === undefined ? undefined : await versionOf(unpacked.file, unpacked.libraries);
  if (version === undefined || !isNewEnough(version)) return undefined;
  const folder = join(root, version);
  await rename(tree, folder).catch(async (error: unknown) => {
    if ((await programIn(folder)).length === 0) throw error;
  });
  const [program] = await programIn(folder);
  return program === undefined ? undefined : { ...program, version };
}

async function runsHere(program: string, args: readonly string[]): Promise<boolean> {
  return run(program, [...args], spawnOptions("/")).then(
    () => true,
    () => false,
  );
}

function spawnOptions(cwd: string) {
  const env = { PATH: SYSTEM_PATH, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  return { cwd, env, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 };
}
