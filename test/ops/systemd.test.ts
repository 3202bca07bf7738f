import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { settings } from "../../src/config/settings.ts";
import { ROOT } from "../support/docs-samples.ts";

const folder = join(ROOT, "ops/systemd");
const units = readdirSync(folder).filter((name) => /\.(service|socket)$/.test(name));
const services = units.filter((name) => name.endsWith(".service"));
let dir: string;

/** Shipped units with the paths of Node and the product on this machine. */
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "dgm-units-"));
  for (const unit of units) {
    const text = readFileSync(join(folder, unit), "utf8")
      .replace("/usr/bin/node bin/", `${process.execPath} ${ROOT}bin/`)
      .replaceAll("/opt/dragoman", ROOT);
    writeFileSync(join(dir, unit), text);
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("the units pass systemd-analyze verify", () => {
  const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", ...units.map((unit) => join(dir, unit))], {
    encoding: "utf8",
  });
  expect(`${stdout}${stderr}`).toBe("");
  expect(status).toBe(0);
});

test.each(services)("%s is sandboxed: its exposure is at most 1.5 of 10", (unit) => {
  const args = ["security", "--offline=true", "--no-pager", "--threshold=15", join(dir, unit)];
  const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
  expect(status, `${stdout.split("\n").at(-2)}${stderr}`).toBe(0);
});

test.each(services)("%s waits longer than the gateway's shutdown and knows its exit codes", (unit) => {
  const text = readFileSync(join(folder, unit), "utf8");
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1])).toBeGreaterThan(30);
  expect(text).toMatch(/^RestartPreventExitStatus=78$/m);
});

test("the units and their environment file set known settings only", () => {
  const known = new Set(Object.values(settings).map(({ env }) => env as string));
  const settingNames = [
    ...services.flatMap((unit) => [...readFileSync(join(folder, unit), "utf8").matchAll(/^Environment=(.*)$/gm)]),
    ...readFileSync(join(folder, "dragoman.env"), "utf8").matchAll(/^(\w+=.*)$/gm),
  ].flatMap(([, assignments = ""]) => assignments.split(" ").map((assignment) => assignment.split("=")[0]));
  expect(settingNames.length).toBeGreaterThan(5);
  for (const name of settingNames) expect(known).toContain(name);
});
