// Makes the documentation site from docs/, the README and the OpenAPI document: pages, search index, script and style.
import { join } from "node:path";
import { root } from "./install.mjs";

const SITE = join(root, "site");

/** Resolves with the site's files: contents by path in dist/. */
export async function bundleDocs() {
  const [generator, script] = await Promise.all([
    bundled("site.ts", { platform: "node", target: "node20.19" }),
    bundled("assets/search.js", { target: "es2022", minify: true }),
  ]);
  const { siteFiles } = await import(`data:text/javascript;base64,${Buffer.from(generator).toString("base64")}`);
  const files = siteFiles(root).map(({ address, content }) => [`docs/${address}`, content]);
  return [...files, ["docs/assets/search.js", script]];
}

async function bundled(entry, options) {
  // Late: `npm start` installs it first.
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(SITE, entry)],
    bundle: true,
    write: false,
    format: "esm",
    legalComments: "none",
    logLevel: "warning",
    tsconfigRaw: {},
    ...options,
  });
  return outputFiles[0].contents;
}
