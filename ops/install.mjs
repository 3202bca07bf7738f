// Installs missing npm packages. Plain JavaScript without dependencies, since no package may be installed yet.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Brings node_modules in line with package-lock.json and reports progress. `dev` adds the packages of tests and checks.
 */
export function installPackages({ dev }) {
  const missing = missingPackages(dev);
  if (missing.length === 0) return;
  // A developer's folder keeps its tools, which npm would remove.
  const keepDev = dev || isInstalled("vitest");
  console.log(`Installing npm packages (${missing.length} missing or changed; about 10 seconds) …`);
  // `npm ci` is not used: it refuses a lock file that lacks other systems' optional packages.
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
  const npm = spawnSync("npm", keepDev ? args : [...args, "--omit=dev"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
    env: { ...process.env, NODE_ENV: keepDev ? "development" : "production" },
  });
  if (npm.status !== 0 || missingPackages(dev).length > 0) {
    console.error("npm install failed; see its output above. Try again with: npm install");
    process.exit(1);
  }
}

/** Compares the lock file with the list npm leaves in node_modules: some milliseconds, no npm. */
function missingPackages(dev) {
  const locked = readPackages(join(root, "package-lock.json"));
  const present = readPackages(join(root, "node_modules/.package-lock.json"));
  const needed = ([path, entry]) =>
    path !== "" && !entry.optional && !entry.peer && (dev || (!entry.dev && !entry.devOptional));
  return Object.entries(locked)
    .filter(needed)
    .filter(([path, entry]) => present[path]?.version !== entry.version)
    .map(([path]) => path);
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
  } catch {
    return {};
  }
}

function isInstalled(name) {
  return readPackages(join(root, "node_modules/.package-lock.json"))[`node_modules/${name}`] !== undefined;
}
