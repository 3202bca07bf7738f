import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { sourcePositions } from "../../../src/process/source-positions.ts";

const dir = mkdtempSync(join(tmpdir(), "dgm-positions-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const SOURCE = `export function fail(): never {

  throw new Error("broken");
}
`;

async function bundled(name: string, sourcemap: boolean): Promise<string> {
  const [source, outfile] = [join(dir, `${name}.ts`), join(dir, `${name}.js`)];
  writeFileSync(source, SOURCE);
  await build({ entryPoints: [source], outfile, bundle: true, format: "esm", minifyWhitespace: true, sourcemap });
  return pathToFileURL(outfile).href;
}

/** Stack trace of an error that was thrown in this file. */
const stackAt = (file: string, column: number) =>
  `Error: broken\n    at fail (${file}:1:${column})\n    at node:fs:1:1`;

describe("positions in stack traces", () => {
  it("are those of the source where the bundle has a source map", async () => {
    const file = await bundled("mapped", true);
    const column = "function fail(){throw new".indexOf("new") + 1;
    expect(sourcePositions()(stackAt(file, column))).toBe(
      `Error: broken\n    at fail (${file.replace(/\.js$/, ".ts")}:3:9)\n    at node:fs:1:1`,
    );
  });

  it("stay as they are without a source map, or beyond one", async () => {
    const positions = sourcePositions();
    for (const file of [await bundled("plain", false), "file:///nowhere/dist/missing.js"]) {
      expect(positions(stackAt(file, 20))).toBe(stackAt(file, 20));
    }
    expect(positions("no stack")).toBe("no stack");
  });
});
