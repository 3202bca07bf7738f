// Bundles the web console: script, style and page for browsers, without anything that Node needs.
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { root } from "./install.mjs";

const SOURCE = join(root, "console/src");

/** Resolves with the console's files: contents by path in dist/. */
export async function bundleConsole() {
  // Late: `npm start` installs it first.
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: { app: join(SOURCE, "main.tsx"), style: join(SOURCE, "style.css") },
    outdir: join(root, "dist/console"),
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "warning",
    tsconfigRaw: {},
  });
  const files = outputFiles.map(({ path, contents }) => [relative(join(root, "dist"), path), contents]);
  return [...files, ["console/index.html", await readFile(join(SOURCE, "index.html"))]];
}
