// Copies the Lua scripts beside the compiled code: `tsc` writes imported files only.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { root } from "./install.mjs";

const isFolderOrScript = (path) => !/\.[a-z0-9]+$/i.test(path) || path.endsWith(".lua");

for (const folder of ["src", "workers"]) {
  cpSync(join(root, folder), join(root, "dist", folder), { recursive: true, filter: isFolderOrScript });
}
