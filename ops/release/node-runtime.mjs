// Brings the Node.js that the Debian package and the image carry: Debian 12 has version 18, which is too old.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "./run.mjs";

/** The current LTS line, as the registry has it, with the hash of each architecture. */
export const NODE_VERSION = "24.21.0";
const INTEGRITY = {
  x64: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  arm64: "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
};

/** Folder for what releases fetch; may be deleted at any time. */
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "dragoman", "release");

/** Returns the folder with `bin/node` and LICENSE for an architecture. Throws where the download has another hash. */
export function nodeRuntime(arch) {
  const expected = INTEGRITY[arch];
  if (expected === undefined) throw new Error(`releases are made on x64 and arm64; this is ${arch}`);
  const folder = join(cache, `node-${NODE_VERSION}-${arch}`);
  if (existsSync(folder)) return join(folder, "package");
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const file = join(draft, `node-linux-${arch}-${NODE_VERSION}.tgz`);
  run("npm", ["pack", "--silent", "--pack-destination", draft, `node-linux-${arch}@${NODE_VERSION}`]);
  const hash = `sha512-${createHash("sha512").update(readFileSync(file)).digest("base64")}`;
  if (hash !== expected) throw new Error(`node-linux-${arch} ${NODE_VERSION} has the hash ${hash}, not ${expected}`);
  run("tar", ["-xzf", file, "-C", draft, "package/bin/node", "package/LICENSE"]);
  if (!existsSync(folder)) renameSync(draft, folder);
  return join(folder, "package");
}
