import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../support/docs-samples.ts";

const DECLARATION = /^export (?:declare )?(?:interface|type|class) ([A-Z][A-Za-z0-9]*)/gm;

/** Files that declare each exported type, outside of the platforms' folders. */
function declarations(): Map<string, string[]> {
  const files = ["src", "routes", "workers", "openapi"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !(folder === "src" && name.startsWith("platforms/")))
      .map((name) => join(folder, name)),
  );
  const found = new Map<string, string[]>();
  for (const file of files)
    for (const [, name = ""] of readFileSync(join(ROOT, file), "utf8").matchAll(DECLARATION))
      found.set(name, [...(found.get(name) ?? []), file]);
  return found;
}

it("exported type names are declared once outside of platforms' folders", () => {
  const all = declarations();
  expect(all.size).toBeGreaterThan(300);
  expect([...all].filter(([, files]) => new Set(files).size > 1)).toEqual([]);
});
