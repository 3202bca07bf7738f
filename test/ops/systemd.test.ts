import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { settings } from "../../src/config/settings.ts";
import { freshCheckout } from "../support/checkout.ts";
import { ROOT } from "../support/docs-samples.ts";

/** What docs/operate.md says, line by line. */
const INSTALLATION = `cp -r . /opt/dragoman && cd /opt/dragoman
npm install --omit=dev --no-audit --no-fund
npm run build
adduser --system --group --no-create-home dragoman
install -d -m 0750 -g dragoman /etc/dragoman
install -m 0640 -g dragoman ops/systemd/dragoman.env /etc/dragoman/
export MASTER_KEY_FILE=/etc/dragoman/master.key
node bin/dragoman.mjs key create && node bin/dragoman.mjs key export-api /etc/dragoman/api.key
cp ops/systemd/dragoman-*.service /etc/systemd/system/
systemctl daemon-reload
systemctl enable --now dragoman-api dragoman-worker`;

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

test("the documented installation works in a fresh checkout, and no one else can read its settings and keys", {
  timeout: 180_000,
}, async () => {
  const checkout = await freshCheckout();
  const [root, bin] = [join(dir, "root"), join(dir, "bin")];
  for (const path of ["opt", "etc/systemd/system"]) mkdirSync(join(root, path), { recursive: true });
  mkdirSync(bin);
  // Only what would change this machine is stood in for; npm brings the packages that are here already.
  const stubs = {
    adduser: "",
    npm: `case $1 in install) ln -s ${ROOT}node_modules node_modules ;; *) exec env PATH="${process.env.PATH}" npm "$@" ;; esac`,
    systemctl: `echo "$@" >>${dir}/systemctl`,
  };
  for (const [name, line] of Object.entries(stubs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const group = String(process.getgid?.());
  const script = INSTALLATION.replaceAll(/\/(?=(opt|etc)\/)/g, `${root}/`).replaceAll("-g dragoman", `-g ${group}`);
  const env = { PATH: `${bin}:${process.env.PATH}`, HOME: dir };
  const { status, stderr } = spawnSync("/bin/sh", ["-euc", script], { cwd: checkout.dir, env, encoding: "utf8" });
  await checkout.remove();
  expect(status, stderr).toBe(0);
  const mode = (path: string) => (statSync(join(root, "etc/dragoman", path)).mode & 0o777).toString(8);
  expect([mode("."), mode("dragoman.env"), mode("master.key"), mode("api.key")]).toEqual(["750", "640", "600", "600"]);
  expect(readdirSync(join(root, "etc/systemd/system")).sort()).toEqual([...services].sort());
  expect(readFileSync(join(dir, "systemctl"), "utf8")).toContain("enable --now dragoman-api dragoman-worker");
});
