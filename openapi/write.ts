import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { platforms } from "../src/platforms/index.ts";
import { openapiDocument } from "./document.ts";

/** `npm run openapi` writes openapi.json. With `--check` it only says whether the committed one is as it should be. */
const file = fileURLToPath(new URL("openapi.json", import.meta.url));
const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const withDummy = process.argv.includes("--dummy");
const shown = platforms({}).filter(({ id }) => withDummy || id !== "dummy");
const text = `${JSON.stringify(openapiDocument({ platforms: shown, version, basePath: "/gateway" }), null, 2)}\n`;

if (!process.argv.includes("--check")) {
  await writeFile(file, text);
} else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
  process.stderr.write("openapi/openapi.json is stale; run `npm run openapi`\n");
  process.exitCode = 1;
}
