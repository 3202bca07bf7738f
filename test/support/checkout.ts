import { execFileSync } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "./docs-samples.ts";

/** Folder that looks like a checkout. */
export interface Checkout {
  readonly dir: string;
  readonly remove: () => Promise<void>;
}

/** Copies the files of a clone of this working copy, without those that `npm start` installs. */
export async function freshCheckout(): Promise<Checkout> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-clone-"));
  for (const file of files()) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await cp(join(ROOT, file), join(dir, file));
  }
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** Creates a folder with links to this working copy, packages and build, and separate data. */
export async function linkedCheckout(): Promise<Checkout> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-docs-"));
  const tops = new Set([...files().map((file) => file.split("/")[0] as string), "dist", "node_modules"]);
  for (const name of tops) symlinkSync(join(ROOT, name), join(dir, name));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** Lists the files of the working copy that git does not ignore, without deleted ones. */
function files(): readonly string[] {
  return execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  })
    .split("\0")
    .filter((file) => file !== "" && existsSync(join(ROOT, file)));
}
