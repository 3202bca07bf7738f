import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtEntry } from "../../support/gateway-process.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-cli-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const entry = builtEntry();

/** Runs `serve` until the address is printed, and ends it. The installation remains. */
async function startOnce(): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: dir, DATA_DIR: join(dir, "data"), PORT: "0" };
  const serve = spawn(process.execPath, [entry, "serve", "--role", "api"], {
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(serve, "exit");
  for await (const line of createInterface({ input: serve.stdout })) if (line.startsWith("Dragoman listens")) break;
  serve.kill("SIGINT");
  await ended;
}

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly stderr: string;
}

function dragoman(args: readonly string[], env: Record<string, string> = {}): Promise<Answer> {
  const surroundings = { PATH: process.env.PATH, HOME: dir, DATA_DIR: join(dir, "data"), ...env };
  return new Promise((done) => {
    execFile(process.execPath, [entry, ...args], { env: surroundings }, (error, out, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), out, stderr });
    });
  });
}

test("--version and --help print and exit with 0", async () => {
  expect((await dragoman(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  const help = await dragoman(["--help"]);
  for (const command of ["serve", "app", "key", "config", "doctor"]) expect(help.out).toContain(`  ${command}`);
});

test("an unknown command is refused with a hint at the help", async () => {
  const answer = await dragoman(["serf"]);
  expect(answer.code).toBe(1);
  expect(answer.stderr).toMatch(/unknown command.*serf.*\n.*serve/s);
});

test("config lists every setting and masks passwords", async () => {
  const { code, out } = await dragoman(["config"], { SMTP_URL: "smtp://bob:hunter22@mx.example.org", PORT: "9000" });
  expect(code).toBe(0);
  expect(out).toMatch(/\* SMTP_URL +smtp:\/\/bob:\*\*\*@mx\.example\.org/);
  expect(out).toMatch(/\* PORT +9000 .*default 8000/);
  expect(out).toMatch(/ {2}HEARTBEAT_SECONDS +15 /);
  expect(out).not.toContain("hunter22");
});

test("config --json prints JSON", async () => {
  const rows = JSON.parse((await dragoman(["config", "--json"])).out);
  expect(rows).toContainEqual(expect.objectContaining({ name: "BASE_PATH", default: "/gateway", set: false }));
});

test("an invalid setting exits with 78 and one line that names it", async () => {
  for (const command of ["serve", "doctor"]) {
    const answer = await dragoman([command], { PORT: "many" });
    expect(answer).toMatchObject({ code: 78, out: "" });
    expect(answer.stderr).toBe("dragoman: PORT: takes a whole number from 0 to 65535\n");
  }
});

test("serve without any Redis exits with 78 and the command to run", async () => {
  const answer = await dragoman(["serve"], {
    PATH: "/nonexistent",
    REDIS_FETCH: "false",
    CACHE_DIR: join(dir, "cache"),
  });
  expect(answer.code).toBe(78);
  expect(answer.stderr).toMatch(
    /^dragoman: REDIS_URL: .*sudo apt-get install -y --no-install-recommends redis-server.*\n$/,
  );
});

test("doctor finds a fresh installation fit and makes nothing", async () => {
  const data = join(dir, "fresh");
  const answer = await dragoman(["doctor"], { DATA_DIR: data });
  expect(answer.code).toBe(0);
  expect(answer.out).toMatch(/✓ Redis \(private\): the first `dragoman serve` starts it/);
  expect(answer.out).toMatch(/master\.key is created at the first start/);
  expect(existsSync(data)).toBe(false);
});

test("doctor --json prints one report and keeps the exit code", async () => {
  const { code, out } = await dragoman(["doctor", "--json"], { DATA_DIR: join(dir, "fresh") });
  const report = JSON.parse(out);
  expect([code, report.ok]).toEqual([0, true]);
  expect(report.findings).toContainEqual({ state: "good", text: expect.stringContaining("Redis (private)") });
});

test.each([
  ["app", "create", "shop"],
  ["key", "rotate"],
  ["key", "export-api", "api.key"],
])("%s %s refuses where no gateway has run, and makes nothing", async (...args) => {
  const data = join(dir, "absent");
  const answer = await dragoman(args, { DATA_DIR: data });
  expect(answer.code).toBeGreaterThan(0);
  expect(answer.out).toBe("");
  expect(answer.stderr).toContain(data);
  expect(answer.stderr).toContain("dragoman serve");
  expect(existsSync(data)).toBe(false);
});

test("a command refuses a REDIS_URL without the key file of its data", async () => {
  const answer = await dragoman(["app", "list"], { DATA_DIR: join(dir, "absent"), REDIS_URL: "redis://127.0.0.1:1" });
  expect(answer).toMatchObject({ code: 78, out: "" });
  expect(answer.stderr).toMatch(/there is no .*master\.key.*--env-file FILE/);
});

test("--env-file names the settings, before or after the command", async () => {
  const file = join(dir, "other.env");
  await writeFile(file, "# comment\nPORT=9123\n");
  for (const args of [
    ["--env-file", file, "config"],
    ["config", "--env-file", file],
  ])
    expect((await dragoman(args)).out).toMatch(/\* PORT +9123/);
});

// Some Node lines read --env-file themselves, wherever it stands, and refuse a missing file before the command runs.
test("--env-file with a missing file is refused in a line that names it", async () => {
  const answer = await dragoman(["app", "list", "--env-file", join(dir, "none.env")]);
  expect(answer.code).toBeGreaterThan(0);
  expect(answer.out).toBe("");
  expect(answer.stderr).toMatch(/none\.env.*(can't be read|not found)/);
});

test("doctor reports problems", async () => {
  const data = join(dir, "wrong");
  await mkdir(data);
  await writeFile(join(data, "master.key"), "{}");
  await chmod(join(data, "master.key"), 0o644);
  const server = createServer((_req, res) => res.writeHead(502).end());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = await dragoman(["doctor"], { DATA_DIR: data, PUBLIC_URL: publicUrl });
  server.close();
  expect(answer.code).toBe(1);
  expect(answer.out).toMatch(/✗ The key file: others may read .*chmod 600/);
  expect(answer.out).toMatch(/✗ The key file .* is not a Dragoman key file/);
  expect(answer.out).toMatch(/✗ PUBLIC_URL: .*\/gateway\/healthz answers 502/);
});

test("app create prints only the key on standard output", async () => {
  await startOnce();
  const created = await dragoman(["app", "create", "shop"]);
  expect(created.code).toBe(0);
  expect(created.out).toMatch(/^dgm_\w+_\w+_\w+\n$/);
  expect((await dragoman(["app", "list"])).out).toContain("shop");
});
