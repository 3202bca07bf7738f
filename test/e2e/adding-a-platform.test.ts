import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ROOT, samplesIn } from "../support/docs-samples.ts";

/** Files of the page by path. Each block begins with a comment that names its file. */
const files = samplesIn("docs/adding-a-platform.md")
  .filter(({ language }) => language === "ts")
  .map(({ text }) => ({ path: /^\/\/ (\S+)/.exec(text)?.[1] ?? "", text }));

const dir = mkdtempSync(join(tmpdir(), "dgm-platform-"));
afterAll(() => rmSync(dir, { recursive: true }));
for (const { path, text } of files) {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}
for (const path of ["node_modules", "src/platform", "src/model", "test/contracts/platform.ts"]) {
  symlinkSync(join(ROOT, path), join(dir, path));
}

it("docs/adding-a-platform.md adds a platform in at most six files, tested by one line", () => {
  expect(files.length).toBeLessThanOrEqual(6);
  expect(files.at(-1)?.text.match(/^conformance\(.*\);$/gm)).toHaveLength(1);
});

// Registers the tests of the page's platform.
await import(/* @vite-ignore */ join(dir, files.at(-1)?.path ?? ""));
