// Builds dist/ where something changed: bundles of the sources, and the Lua scripts beside them. Types are checked by
// `npm run check`, so that a first start needs neither the type packages nor that time.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundleGateway } from "./bundle.mjs";
import { bundleConsole } from "./bundle-console.mjs";
import { bundleDocs } from "./bundle-docs.mjs";
import { root } from "./install.mjs";

const FOLDERS = ["src", "routes", "workers", "openapi", "console", "site", "docs", "examples"];
/** Files beside the sources that the output depends on. */
const SETTINGS = [
  ...["tsconfig.json", "package-lock.json", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"],
  ...["ops/build.mjs", "ops/bundle.mjs", "ops/bundle-console.mjs", "ops/bundle-docs.mjs"],
];
const dist = join(root, "dist");
/** Ends the name of a file that another build is writing. */
const DRAFT = /\.\d+$/;
const listFile = join(dist, ".build.json");

/** Builds if a source changed since the last build; takes some milliseconds without changes. */
export async function build() {
  const paths = FOLDERS.flatMap(sourcesIn);
  const inputs = hash([...SETTINGS, ...paths].map((path) => `${path} ${hash(readFileSync(join(root, path)))}`).join());
  const before = readList();
  if (before.inputs === inputs && before.outputs.every((path) => existsSync(join(dist, path)))) return;
  console.log("Building …");
  const scripts = paths.filter((path) => path.endsWith(".lua")).map((path) => [path, readFileSync(join(root, path))]);
  const made = [...(await bundleDocs()), ...(await bundleConsole()), ...(await bundleGateway())];
  const outputs = new Map([...scripts, ...made]);
  for (const [path, content] of outputs) put(join(dist, path), content);
  // A gateway that runs from this folder may load parts of its own build later.
  const kept = new Set([...outputs.keys(), ...before.outputs]);
  for (const path of filesIn("")) if (!kept.has(path) && !DRAFT.test(path)) rmSync(join(dist, path), { force: true });
  put(listFile, JSON.stringify({ inputs, outputs: [...outputs.keys()] }));
}

function sourcesIn(folder) {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter(
      (entry) =>
        entry.isFile() && /\.(tsx?|js|json|lua|css|html|md|png|svg)$/.test(entry.name) && !entry.name.endsWith(".d.ts"),
    )
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** Lists the files of dist/ below a folder, by their paths in dist/. */
function filesIn(folder) {
  return readdirSync(join(dist, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

/** Writes a file whole or not at all. Another start may read or write the same one. */
function put(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, file);
}

function readList() {
  try {
    const { inputs, outputs } = JSON.parse(readFileSync(listFile, "utf8"));
    return { inputs, outputs };
  } catch {
    return { inputs: "", outputs: [] };
  }
}

function hash(content) {
  return createHash("sha256").update(content).digest("base64");
}

if (process.argv[1] === import.meta.filename) await build();
