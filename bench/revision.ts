import { execFileSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = new URL("..", import.meta.url).pathname;

/** A built checkout of another revision. */
export interface Revision {
  readonly name: string;
  readonly root: string;
  readonly remove: () => Promise<void>;
}

/** Checks a revision out beside this one and builds it. Packages are installed only where the lock file differs. */
export async function buildRevision(revision: string): Promise<Revision> {
  const root = await mkdtemp(join(tmpdir(), "dgm-revision-"));
  const git = (...args: readonly string[]): string => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
  const remove = async (): Promise<void> => {
    git("worktree", "remove", "--force", root);
    await rm(root, { recursive: true, force: true });
  };
  git("worktree", "add", "--detach", root, revision);
  try {
    const run = (...args: readonly string[]) => execFileSync("npm", args, { cwd: root, stdio: "inherit" });
    const lock = (folder: string): string => readFileSync(join(folder, "package-lock.json"), "utf8");
    if (lock(root) === lock(ROOT)) symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
    else run("install", "--prefer-offline", "--no-audit", "--no-fund");
    run("run", "build");
    return { name: git("rev-parse", "--short", revision), root, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
