// Refuses packages that do not come from the registry by their hash: only those are the same on every machine.
//
//   node ops/check-lockfile.mjs [LOCKFILE]
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./install.mjs";

const REGISTRY = "https://registry.npmjs.org/";

const file = process.argv[2] ?? join(root, "package-lock.json");
const { lockfileVersion, packages } = JSON.parse(readFileSync(file, "utf8"));
const complaints = lockfileVersion === 3 ? [] : [`lockfileVersion is ${lockfileVersion}; write it with npm 7 or newer`];
for (const [path, entry] of Object.entries(packages ?? {})) {
  for (const [name, range] of Object.entries({ ...entry.dependencies, ...entry.devDependencies }))
    if (/^[\w.+-]+:|\//.test(range) && !range.startsWith("npm:"))
      complaints.push(`${path || "package.json"}: ${name} is ${range}; take it from the registry`);
  if (path === "") continue;
  if (entry.link) complaints.push(`${path} is a link; take it from the registry`);
  else if (!entry.integrity?.startsWith("sha512-")) complaints.push(`${path} has no sha512 integrity; install it anew`);
  if (entry.resolved !== undefined && !entry.resolved.startsWith(REGISTRY))
    complaints.push(`${path} comes from ${entry.resolved}; take it from ${REGISTRY}`);
}
for (const complaint of complaints) console.error(complaint);
console.log(`${Object.keys(packages ?? {}).length - 1} packages in the lockfile, ${complaints.length} refused`);
process.exit(complaints.length > 0 ? 1 : 0);
