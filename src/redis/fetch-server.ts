import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Surroundings } from "../config/settings.ts";
import { programIn, type ServerProgram, versionOf } from "./find-server.ts";
import { isNewEnough } from "./server-facts.ts";

export interface FetchDeps {
  readonly cacheDir: string;
  readonly surroundings: Surroundings;
  /** Told once, before the download begins. */
  readonly say: (sentence: string) => void;
}

const run = promisify(execFile);
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The distribution's packages to try, best first: each with the package that holds the program it links to. */
const CHOICES = [
  ["valkey-server", "valkey-tools"],
  ["redis-server", "redis-tools"],
] as const;

/**
 * Downloads the distribution's own Redis or Valkey packages (their signatures are checked by apt as usual) and
 * unpacks them into the cache folder: no root, nothing installed. Undefined where that can't be done; throws what apt
 * or the disk said when it broke half-way.
 */
export async function fetchServer(deps: FetchDeps): Promise<ServerProgram | undefined> {
  if (!(await works("apt-get", ["--version"])) || !(await works("dpkg-deb", ["--version"]))) return undefined;
  const root = join(deps.cacheDir, "redis");
  deps.say(
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
    return await keep(tree, root);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** An apt state of its own, so that neither root nor the system's package lists are needed. */
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

/** What apt would install; `--reinstall` because the packages may be there but not on PATH. */
async function missingPackages(apt: readonly string[], work: string): Promise<readonly string[] | undefined> {
  for (const names of CHOICES) {
    const { stdout } = await run(
      "apt-get",
      [...apt, "-s", "-q", "--reinstall", "install", ...names],
      spawnOptions(work),
    ).catch(() => ({ stdout: "" }));
    const lines = [...stdout.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((?:\d+:)?(\d+\.\d+)/gm)];
    const version = lines.find((line) => line[1] === names[0])?.[2];
    if (version !== undefined && isNewEnough(version)) return lines.map((line) => line[1] as string);
  }
  return undefined;
}

/** Moves the tree to its place under its version; another gateway may have been faster. */
async function keep(tree: string, root: string): Promise<ServerProgram | undefined> {
  const [unpacked] = await programIn(tree);
  const version = unpacked === undefined ? undefined : await versionOf(unpacked.file, unpacked.libraries);
  if (version === undefined || !isNewEnough(version)) return undefined;
  const place = join(root, version);
  await rename(tree, place).catch(async (error: unknown) => {
    if ((await programIn(place)).length === 0) throw error;
  });
  const [program] = await programIn(place);
  return program === undefined ? undefined : { ...program, version };
}

async function works(program: string, args: readonly string[]): Promise<boolean> {
  return run(program, [...args], spawnOptions("/")).then(
    () => true,
    () => false,
  );
}

function spawnOptions(cwd: string) {
  const env = { PATH: SYSTEM_PATH, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  return { cwd, env, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 };
}
