import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ROOT } from "../support/docs-samples.ts";

const dir = mkdtempSync(join(tmpdir(), "dgm-lock-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs the check over a lockfile with one package. */
function checked(entry: object, dependencies: object = {}) {
  const file = join(dir, "package-lock.json");
  writeFileSync(
    file,
    JSON.stringify({ lockfileVersion: 3, packages: { "": { dependencies }, "node_modules/a": entry } }),
  );
  return spawnSync(process.execPath, [join(ROOT, "ops/check-lockfile.mjs"), file], { encoding: "utf8" });
}

describe("lockfile check", () => {
  const integrity = "sha512-AAAA";

  it("takes packages of the registry with their hash", () => {
    const { status, stdout } = checked({ version: "1.0.0", integrity }, { a: "^1.0.0", b: "npm:c@1.0.0" });
    expect([status, stdout]).toEqual([0, "1 packages in the lockfile, 0 refused\n"]);
  });

  it.each([
    ["without a hash", { version: "1.0.0" }, {}],
    ["with a weak hash", { version: "1.0.0", integrity: "sha1-AAAA" }, {}],
    ["of another host", { integrity, resolved: "https://example.org/a.tgz" }, {}],
    ["of a folder", { link: true, resolved: "../a" }, {}],
    ["of a repository", { integrity }, { a: "git+https://example.org/a.git" }],
    ["of a repository's short form", { integrity }, { a: "owner/a" }],
    ["of a file", { integrity }, { a: "file:../a" }],
  ])("refuses a package %s", (_what, entry, dependencies) => {
    const { status, stderr } = checked(entry, dependencies);
    expect(status).toBe(1);
    expect(stderr).not.toBe("");
  });
});

describe("npm run sbom", () => {
  it("lists every package that the product runs with, with its hash, as CycloneDX", () => {
    const { stdout, stderr } = spawnSync("npm", ["run", "--silent", "sbom"], { cwd: ROOT, encoding: "utf8" });
    expect(stderr).toBe("");
    const bom = JSON.parse(stdout) as { bomFormat: string; components: Array<{ name: string; hashes?: unknown[] }> };
    expect(bom.bomFormat).toBe("CycloneDX");
    const names = bom.components.map(({ name }) => name);
    for (const name of ["bullmq", "express", "ws"]) expect(names).toContain(name);
    expect(names).not.toContain("vitest");
    expect(bom.components.filter(({ hashes }) => !hashes?.length)).toEqual([]);
  });
});
