import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../support/docs-samples.ts";
import { freePort } from "../../support/free-port.ts";
import { testRedis } from "../../support/redis.ts";
import { type CleanRoot, cleanRoot, forbidServices } from "../../support/release/clean-root.ts";
import { shell } from "../../support/shell.ts";

/** Commands of docs/install.md, run in the folder of the files. */
const FROM_PACKAGE = `apt-get update
apt-get install -y ./dragoman_*.deb`;
const FROM_TARBALL = "npm install --global ./dragoman-*.tgz";

/** Makes the release once; each form is installed as its users would. */
const dir = mkdtempSync(join(tmpdir(), "dgm-release-test-"));
const into = join(dir, "release");
const file = (pattern: RegExp): string => {
  const name = readdirSync(into).find((entry) => pattern.test(entry));
  if (name === undefined) throw new Error(`the release has no file ${pattern}`);
  return join(into, name);
};
const run = (command: string, args: readonly string[], options: object = {}) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", ...options });
  expect(status, `${command} ${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
  return stdout;
};

beforeAll(() => void run(process.execPath, [join(ROOT, "ops/release.mjs"), "--into", into]), 900_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("npm run release", () => {
  it("lists the hash of every file", () => {
    run("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: into });
    expect(readFileSync(join(into, "SHA256SUMS"), "utf8").trim().split("\n")).toHaveLength(
      readdirSync(into).length - 1,
    );
  });

  it("gives the same bytes again for what it makes itself", { timeout: 900_000 }, () => {
    const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
    const forms = [/\.tgz$/, /\.deb$/, /oci/];
    const before = forms.map((form) => hash(file(form)));
    run(process.execPath, [join(ROOT, "ops/release.mjs"), "--into", into]);
    expect(forms.map((form) => hash(file(form)))).toEqual(before);
  });
});

describe("the npm tarball", () => {
  it("installs without other packages, in at most 45 MB, and runs", { timeout: 120_000 }, () => {
    const folder = join(dir, "npm");
    mkdirSync(folder);
    const env = { ...process.env, npm_config_prefix: folder, npm_config_offline: "true" };
    run("/bin/sh", ["-euc", FROM_TARBALL], { cwd: into, env });
    expect(readdirSync(join(folder, "lib/node_modules"))).toEqual(["dragoman"]);
    const size = Number(run("du", ["-s", "--block-size=1M", folder]).split("\t")[0]);
    console.log(`production install from the tarball: ${size} MB`);
    expect(size).toBeLessThanOrEqual(45);
    expect(run(join(folder, "bin/dragoman"), ["--version"])).toMatch(/^\d+\.\d+\.\d+\n$/);
    const licenses = readFileSync(join(folder, "lib/node_modules/dragoman/dist/THIRD-PARTY-LICENSES.txt"), "utf8");
    for (const name of ["bullmq", "express", "undici", "preact"])
      expect(licenses).toMatch(new RegExp(`^${name} \\d`, "m"));
  });
});

describe("the Debian package", () => {
  let root: CleanRoot;
  beforeAll(async () => {
    root = await cleanRoot();
    forbidServices(root);
  }, 600_000);
  afterAll(() => root?.remove());

  it("installs in a clean Debian 12, starts, and delivers a first mail within five minutes, without an edited file", {
    timeout: 600_000,
  }, () => {
    const since = performance.now();
    root.bring(file(/\.deb$/));
    root.run(["/bin/sh", "-euc", `cd /tmp\n${FROM_PACKAGE}`]);
    const driver = root.bring(join(ROOT, "test/support/release/installed-services.mjs"));
    const output = root.run(["/usr/lib/dragoman/runtime/node", driver], { network: "none" });
    const seconds = (performance.now() - since) / 1_000;
    console.log(`from the package to the first mail: ${seconds.toFixed(0)} s`);
    const { status, result, mail } = JSON.parse(output.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect(status).toBe(200);
    expect(result).toMatchObject({ type: "result", status: "sent" });
    expect(mail).toContain("Hello World!");
    expect(seconds).toBeLessThan(300);
  });

  it("has services that systemd takes, a manual, and settings and keys that others can't read", () => {
    const units = ["dragoman-api.service", "dragoman-api.socket", "dragoman-worker.service", "dragoman-redis.service"];
    const copies = units.map((unit) => join(dir, unit));
    for (const [index, unit] of units.entries()) {
      const text = readFileSync(join(root.dir, "lib/systemd/system", unit), "utf8");
      writeFileSync(
        copies[index] ?? "",
        text.replace("ExecStart=/usr/bin/dragoman", `ExecStart=${root.dir}/usr/bin/dragoman`),
      );
    }
    expect(spawnSync("systemd-analyze", ["verify", "--man=no", ...copies], { encoding: "utf8" }).stderr).toBe("");
    for (const unit of copies.filter((path) => path.endsWith(".service"))) {
      run("systemd-analyze", ["security", "--offline=true", "--no-pager", "--threshold=15", unit]);
    }
    const enabled = readdirSync(join(root.dir, "etc/systemd/system/multi-user.target.wants"));
    expect(enabled).toEqual(expect.arrayContaining(units.filter((unit) => unit.endsWith(".service"))));
    const mode = (path: string) => (statSync(join(root.dir, "etc/dragoman", path)).mode & 0o777).toString(8);
    expect([".", "dragoman.env", "master.key", "api.key"].map(mode)).toEqual(["750", "640", "600", "600"]);
    expect(root.run(["dragoman", "--version"])).toMatch(/^\d+\.\d+\.\d+\n$/);
    const manual = gunzipSync(readFileSync(join(root.dir, "usr/share/man/man1/dragoman.1.gz"))).toString();
    for (const path of manual.match(/(?<=^\.I )\/etc\/\S+/gm) ?? [])
      expect(statSync(join(root.dir, path)).isFile()).toBe(true);
  });

  it("keeps keys and settings when installed again, and deletes everything when purged", { timeout: 300_000 }, () => {
    const key = () => readFileSync(join(root.dir, "etc/dragoman/master.key"), "utf8");
    const before = key();
    writeFileSync(join(root.dir, "etc/dragoman/dragoman.env"), "PORT=8080\n");
    root.run(["dpkg", "--force-confold", "-i", root.bring(file(/\.deb$/))]);
    expect(key()).toBe(before);
    expect(readFileSync(join(root.dir, "etc/dragoman/dragoman.env"), "utf8")).toBe("PORT=8080\n");
    root.run(["apt-get", "-q", "purge", "-y", "dragoman"]);
    for (const path of ["etc/dragoman", "var/lib/dragoman", "usr/lib/dragoman"])
      expect(() => statSync(join(root.dir, path)), path).toThrow("ENOENT");
  });
});

describe("the image", () => {
  it("runs as a user, read-only, and reports its health", { timeout: 180_000 }, async () => {
    const [layout, bundle, name] = [join(dir, "layout"), join(dir, "bundle"), `dgm-release-${process.pid}`];
    mkdirSync(layout);
    run("tar", ["-xf", file(/oci/), "-C", layout]);
    const reference = (JSON.parse(run("cat", [join(layout, "index.json")])) as Index).manifests[0]?.annotations[REF];
    const inspected = JSON.parse(run("skopeo", ["inspect", "--config", `oci-archive:${file(/oci/)}`])) as Image;
    expect(inspected.config).toMatchObject({
      User: "1000:1000",
      Entrypoint: ["/usr/local/bin/node", "bin/dragoman.mjs"],
    });
    const health = (JSON.parse(rawConfig(layout)) as Image).config.Healthcheck?.Test.slice(1) ?? [];
    expect(health).toHaveLength(3);
    run("umoci", ["unpack", "--image", `${layout}:${reference}`, bundle]);
    const redis = await testRedis();
    const port = await freePort();
    const spec = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as Spec;
    spec.root.readonly = true;
    spec.process.terminal = false;
    spec.process.env.push(`REDIS_URL=unix:/redis/redis.sock`, `PORT=${port}`, "HOST=127.0.0.1");
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => type !== "network");
    const data = ["uid=1000", "gid=1000", "mode=0700"];
    mkdirSync(join(bundle, "rootfs/redis"));
    run("chmod", ["755", redis.dir]);
    run("chmod", ["666", redis.socket]);
    spec.mounts = [
      ...spec.mounts.filter(({ destination }) => destination !== "/data"),
      { destination: "/data", type: "tmpfs", source: "tmpfs", options: data },
      { destination: "/redis", type: "bind", source: redis.dir, options: ["bind", "rw"] },
    ];
    writeFileSync(join(bundle, "config.json"), JSON.stringify(spec));
    const running = shell(["runc", "run", "--bundle", bundle, name], { cwd: dir });
    try {
      await running.until((text) => text.includes("worker ready"), "a working gateway");
      run("runc", ["exec", name, ...health]);
      expect(run("runc", ["exec", name, "/bin/sh", "-c", "(: >/app/x) 2>&1 || echo refused"])).toContain("refused");
      const node = run("runc", ["exec", name, "/usr/local/bin/node", "--version"]);
      expect(Number(/^v(\d+)/.exec(node)?.[1])).toBeGreaterThanOrEqual(24);
    } finally {
      spawnSync("runc", ["kill", name, "TERM"]);
      await running.ended;
      await redis.stop();
    }
  });
});

const REF = "org.opencontainers.image.ref.name";

interface Index {
  readonly manifests: ReadonlyArray<{
    readonly digest: string;
    readonly annotations: Readonly<Record<string, string>>;
  }>;
}
interface Image {
  readonly config: { readonly User: string; readonly Healthcheck?: { readonly Test: readonly string[] } };
}
interface Spec {
  readonly root: { readonly: boolean };
  readonly process: { terminal: boolean; readonly env: string[] };
  readonly linux: { namespaces: ReadonlyArray<{ readonly type: string }> };
  mounts: ReadonlyArray<{
    readonly destination: string;
    readonly type: string;
    readonly source: string;
    readonly options: readonly string[];
  }>;
}

/** Returns the image's configuration as it is stored. Other readers drop the health check. */
function rawConfig(layout: string): string {
  const blob = (digest = "") => readFileSync(join(layout, "blobs", digest.replace(":", "/")), "utf8");
  const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as Index;
  const { config } = JSON.parse(blob(manifests[0]?.digest)) as { readonly config: { readonly digest: string } };
  return blob(config.digest);
}
