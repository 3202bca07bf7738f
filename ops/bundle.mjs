// Bundles the gateway with the packages that it uses: one file to read in place of a hundred. What only one role or platform
// needs is a file of its own (a dynamic import in the sources), so that no process loads it for nothing.
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { root } from "./install.mjs";

/** Programs and threads that Node starts by their file. */
const ENTRIES = [
  "src/cli/main.ts",
  "src/sendmail/main.ts",
  "src/platforms/email/inbound/mail-worker.ts",
  "src/platforms/feeds/client/reader-thread.ts",
];

/** Begins every file. CommonJS packages call `require`; DIST_URL is the address of dist/. */
const BANNER = `import { createRequire as createRequireOfFile } from "node:module";
const require = createRequireOfFile(import.meta.url);
const DIST_URL = import.meta.url.slice(0, import.meta.url.lastIndexOf("/dist/") + 6);`;

/** Resolves with the bundles and their source maps: contents by path in dist/. Entries come last. */
export async function bundleGateway() {
  // Late: `npm start` installs it first.
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outbase: root,
    outdir: "dist",
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node20.19",
    // Names stay, so that stack traces can be read; positions come from the source maps.
    minifyWhitespace: true,
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    banner: { js: BANNER },
    // Its CommonJS form hides its parts from bundlers.
    alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" },
    plugins: [keepAddresses],
    logLevel: "warning",
  });
  const files = outputFiles.map(({ path, contents }) => [relative(`${root}/dist`, path), contents]);
  return files.sort(([a], [b]) => Number(b.startsWith("chunks/")) - Number(a.startsWith("chunks/")));
}

/** Keeps `import.meta.url` the address of each module. Scripts and threads lie beside the modules that name them. */
const keepAddresses = {
  name: "keep-addresses",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const address = `(DIST_URL + ${JSON.stringify(relative(root, path).replace(/\.ts$/, ".js"))})`;
      const text = await readFile(path, "utf8");
      return { contents: text.replaceAll("import.meta.url", address), loader: "ts" };
    });
  },
};
