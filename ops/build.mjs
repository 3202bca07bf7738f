// Compiles changed sources into dist/. Types are checked by `npm run check`, so that a first start needs neither the
// type packages nor that time. The output equals that of `npm run build`.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { root } from "./install.mjs";

const FOLDERS = ["src", "routes", "workers", "openapi"];
const dist = join(root, "dist");
const listFile = join(dist, ".sources.json");

/** Builds the files that changed since the last build; takes some milliseconds without changes. */
export function build() {
  const settings = hash(readFileSync(join(root, "tsconfig.json")) + readFileSync(join(root, "tsconfig.build.json")));
  const before = readList();
  const sources = Object.fromEntries(
    FOLDERS.flatMap(sourcesIn).map((path) => [path, hash(readFileSync(join(root, path)))]),
  );
  const current = (path) =>
    before.settings === settings && before.sources[path] === sources[path] && existsSync(output(path));
  const changed = Object.keys(sources).filter((path) => !current(path));
  const gone = Object.keys(before.sources).filter((path) => !(path in sources));
  if (changed.length === 0 && gone.length === 0) return;
  console.log(`Building (${changed.length} files) …`);
  const translate = translator();
  for (const path of changed) {
    put(output(path), path.endsWith(".ts") ? translate(path) : readFileSync(join(root, path)));
  }
  for (const path of gone) rmSync(output(path), { force: true });
  put(listFile, JSON.stringify({ settings, sources }));
}

function sourcesIn(folder) {
  const entries = existsSync(join(root, folder)) ? readdirSync(join(root, folder), { withFileTypes: true }) : [];
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sourcesIn(path);
    return /\.(ts|json|lua)$/.test(entry.name) && !entry.name.endsWith(".d.ts") ? [path] : [];
  });
}

function translator() {
  const ts = createRequire(join(root, "package.json"))("typescript");
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  // A file compiled alone has no package.json, so the module kind is set here.
  const alone = { noEmit: false, module: "ESNext", moduleResolution: "Bundler", rootDir: undefined };
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, ...alone }, root);
  return (path) => {
    const text = readFileSync(join(root, path), "utf8");
    const result = ts.transpileModule(text, { compilerOptions: options, fileName: path, reportDiagnostics: true });
    const [fault] = result.diagnostics ?? [];
    if (fault !== undefined) throw new Error(`${path}: ${ts.flattenDiagnosticMessageText(fault.messageText, "\n")}`);
    return result.outputText;
  };
}

function output(path) {
  return join(dist, path.replace(/\.ts$/, ".js"));
}

/** Whole or not at all: another start may read or write the same file. */
function put(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, file);
}

function readList() {
  try {
    return JSON.parse(readFileSync(listFile, "utf8"));
  } catch {
    return { settings: "", sources: {} };
  }
}

function hash(content) {
  return createHash("sha256").update(content).digest("base64");
}
