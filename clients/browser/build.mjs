// Writes dragoman.js from src: `node clients/browser/build.mjs`; with `--check` it only says whether it is fresh.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
// The one that tsx brings.
const { buildSync } = createRequire(createRequire(import.meta.url).resolve("tsx/package.json"))("esbuild");
/** Properties that only our own modules see. */
const INNER =
  /^(restSeconds|socketAddress|renew|sleep|rest|wake|settle|leave|tell|passed|place|setState|handle|fetchMissed|lead|again|gateway|socketWanted|ended|take|end|call|query)$/;
const { outputFiles } = buildSync({
  entryPoints: [here("src/connect.ts")],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  mangleProps: INNER,
  write: false,
  tsconfigRaw: {},
});
const [{ text }] = outputFiles;
if (!process.argv.includes("--check")) writeFileSync(here("dragoman.js"), text);
else if (readFileSync(here("dragoman.js"), "utf8") !== text) {
  console.error("clients/browser/dragoman.js is stale: run node clients/browser/build.mjs");
  process.exitCode = 1;
}
console.info(`${Buffer.byteLength(text)} bytes`);
