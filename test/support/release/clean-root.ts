import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";

/** Debian 12 without anything that is not needed to install packages. */
export interface CleanRoot {
  readonly dir: string;
  /** Runs a program inside, in namespaces of its own that end with it. Throws with the output where it fails. */
  readonly run: (command: readonly string[], options?: { readonly network?: "none" }) => string;
  /** Copies a file into /tmp; returns its path inside. */
  readonly bring: (file: string) => string;
  readonly remove: () => void;
}

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "dragoman/release");
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Mounts of a namespace; they are gone with it. */
const ENTER =
  'mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/run" && { ip link set lo up || true; } && exec chroot "$0" "$@"';

/** Unpacks a clean Debian 12. It is fetched once and kept in the cache folder. */
export async function cleanRoot(): Promise<CleanRoot> {
  const archive = join(CACHE, "bookworm.tar");
  if (!existsSync(archive)) {
    mkdirSync(CACHE, { recursive: true });
    const draft = `${archive}.${process.pid}.tar`;
    execFileSync("mmdebstrap", ["--quiet", "--variant=minbase", "bookworm", draft], { stdio: "pipe" });
    renameSync(draft, archive);
  }
  const dir = await mkdtemp(join(tmpdir(), "dgm-root-"));
  execFileSync("tar", ["-xf", archive, "-C", dir]);
  copyFileSync("/etc/resolv.conf", join(dir, "etc/resolv.conf"));
  return {
    dir,
    run: (command, { network } = {}) => {
      const namespaces = ["--mount", "--pid", "--fork", "--kill-child", ...(network === "none" ? ["--net"] : [])];
      const env = { PATH, HOME: "/root", LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive", ...proxies() };
      const args = [...namespaces, "/bin/sh", "-c", ENTER, dir, ...command];
      const { status, stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8", env, maxBuffer: 2 ** 26 });
      if (status !== 0)
        throw new Error(`${command.join(" ")} ended with ${status}\n${stdout.slice(-3_000)}\n${stderr.slice(-6_000)}`);
      return stdout;
    },
    bring: (file) => {
      copyFileSync(file, join(dir, "tmp", basename(file)));
      return `/tmp/${basename(file)}`;
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Forbids packages to start services, as on a machine without an init system. */
export function forbidServices({ dir }: CleanRoot): void {
  writeFileSync(join(dir, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
}

function proxies(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => /^https?_proxy$/i.test(name)));
}
