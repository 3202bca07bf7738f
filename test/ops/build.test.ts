import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../support/docs-samples.ts";
import { builtEntry } from "../support/gateway-process.ts";

/** Packages that speak to one network. A process loads them when the first account of their network needs them. */
const CLIENTS = ["imapflow", "irc-framework", "mailparser", "smtp-server", "twitter-api-v2", "undici", "feedsmith"];

const dist = join(ROOT, "dist");
beforeAll(() => void builtEntry(), 60_000);

interface BuildList {
  readonly outputs: readonly string[];
}
const outputs = () => (JSON.parse(readFileSync(join(dist, ".build.json"), "utf8")) as BuildList).outputs;
const sourcesOf = (bundle: string) =>
  (JSON.parse(readFileSync(join(dist, `${bundle}.map`), "utf8")) as { sources: readonly string[] }).sources;

/** Returns a bundle and all that it imports before its first line runs. */
function loadedWith(bundle: string, found = new Set<string>()): Set<string> {
  if (found.has(bundle)) return found;
  found.add(bundle);
  const text = readFileSync(join(dist, bundle), "utf8");
  for (const [, path = ""] of text.matchAll(/(?:^|[;}\n])(?:import|export)(?:\{[^}]*\}from)?"(\.[^"]+\.js)"/g)) {
    loadedWith(normalize(join(dirname(bundle), path)), found);
  }
  return found;
}

/** Names the packages that the process of a role has loaded once it is ready. */
function packagesOf(modules: readonly string[]): ReadonlySet<string> {
  const all = new Set(outputs());
  // Pages' scripts have no source map: no process loads them.
  const bundles = [...all].filter((path) => path.endsWith(".js") && all.has(`${path}.map`));
  const entries = modules.map((module) => bundles.find((path) => sourcesOf(path).some((one) => one.endsWith(module))));
  const sources = entries.flatMap((entry) => [...loadedWith(entry ?? "")]).flatMap(sourcesOf);
  return new Set(sources.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
}

describe("the build", () => {
  it.each([
    ["API", "/src/main/api.ts"],
    ["worker", "/src/main/worker.ts"],
  ])("gives the %s no network's client library before an account needs one", (_role, module) => {
    const packages = packagesOf(["/src/cli/main.ts", "/src/main.ts", module, "/src/main/platforms.ts"]);
    expect(packages).toContain("bullmq");
    for (const name of CLIENTS) expect(packages).not.toContain(name);
  });

  it("has every Lua script beside the module that names it", () => {
    const scripts = outputs().filter((path) => path.endsWith(".lua"));
    expect(scripts.length).toBeGreaterThan(50);
    for (const path of scripts) expect(readFileSync(join(dist, path))).toEqual(readFileSync(join(ROOT, path)));
  });

  it("runs without packages beside it", () => {
    const folder = mkdtempSync(join(tmpdir(), "dgm-alone-"));
    for (const path of ["bin", "dist", "package.json"])
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    const command = [join(folder, "bin/dragoman.mjs"), "--version"];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("ops/build.mjs", () => {
  const run = () => spawnSync(process.execPath, [join(ROOT, "ops/build.mjs")], { encoding: "utf8" });

  it("does nothing where nothing changed", () => {
    const before = statSync(join(dist, "src/cli/main.js")).mtimeMs;
    expect(run()).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(statSync(join(dist, "src/cli/main.js")).mtimeMs).toBe(before);
  });

  it("removes files of older builds", () => {
    const stray = join(dist, "chunks/stray.js");
    writeFileSync(stray, "");
    writeFileSync(join(dist, ".build.json"), JSON.stringify({ inputs: "", outputs: [] }));
    expect(run()).toMatchObject({ status: 0, stdout: "Building …\n", stderr: "" });
    expect(existsSync(stray)).toBe(false);
  });
});
