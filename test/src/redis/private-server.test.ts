import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConfigError } from "../../../src/config/settings.ts";
import { readSurroundings } from "../../../src/config/surroundings.ts";
import { silentLog } from "../../../src/model/log.ts";
import { type PrivateServer, privateServer } from "../../../src/redis/private-server.ts";
import { until } from "../../support/redis-process.ts";

let root: string;
let count = 0;
const stops: Array<() => Promise<unknown> | unknown> = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "dgm-private-"));
});
afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await rm(root, { recursive: true, force: true });
});

const folder = (): string => join(root, String(count++));
const surroundings = readSurroundings();

async function start(change: Partial<Parameters<typeof privateServer>[0]> = {}): Promise<PrivateServer> {
  const deps = {
    dataDir: folder(),
    cacheDir: join(root, "cache"),
    server: "",
    mayFetch: false,
    surroundings,
    log: silentLog,
  };
  const server = await privateServer({ ...deps, ...change });
  stops.push(server.stop);
  return server;
}

async function ask<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(decodeURI(url.slice("unix:".length)), {
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
  });
  redis.on("error", () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

interface Parent {
  readonly child: ChildProcess;
  readonly state: { readonly url: string; readonly owned: boolean; readonly pid: number };
}

async function startParent(dataDir: string): Promise<Parent> {
  const file = fileURLToPath(new URL("../../support/private-server.ts", import.meta.url));
  const args = ["--import", "tsx", file, dataDir, join(root, "cache")];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  stops.push(() => child.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { child, state: JSON.parse(line) };
}

/** State and process group of a process, from /proc; undefined when there is none. */
function processOf(pid: number): { readonly state: string; readonly group: number } | undefined {
  try {
    const [state = "", , group] = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return { state, group: Number(group) };
  } catch {
    return undefined;
  }
}

/** Whether the process runs. In a container without an init a killed server stays a zombie, which counts as ended. */
const alive = (pid: number): boolean => !["Z", "X", undefined].includes(processOf(pid)?.state);

test("private server > is durable, private, and keeps its data between runs", async () => {
  const dataDir = folder();
  const first = await start({ dataDir });
  expect(first.owned()).toBe(true);
  const facts = await ask(first.url, async (redis) => {
    await redis.set("kept", "yes");
    return redis.config("GET", "append*", "maxmemory-policy", "save", "port");
  });
  const settings = Object.fromEntries(
    Array.from({ length: facts.length / 2 }, (_, i) => [facts[2 * i], facts[2 * i + 1]]),
  );
  expect(settings).toMatchObject({
    appendonly: "yes",
    appendfsync: "always",
    "maxmemory-policy": "noeviction",
    save: "",
    port: "0",
  });
  expect((await stat(join(dataDir, "redis"))).mode & 0o777).toBe(0o700);
  expect((await stat(join(dataDir, "redis/redis.sock"))).mode & 0o777).toBe(0o700);
  const pid = first.pid() as number;
  await first.stop();
  expect(alive(pid)).toBe(false);
  const second = await start({ dataDir });
  expect(await ask(second.url, (redis) => redis.get("kept"))).toBe("yes");
  await second.stop();
});

test("private server > ends when its gateway is killed, and the next start has all data", async () => {
  const dataDir = folder();
  const parent = await startParent(dataDir);
  for (let i = 0; i < 20; i++) await ask(parent.state.url, (redis) => redis.set(`k${i}`, String(i)));
  parent.child.kill("SIGKILL");
  await until(() => !alive(parent.state.pid));
  const next = await start({ dataDir });
  expect(next.owned()).toBe(true);
  expect(await ask(next.url, (redis) => redis.dbsize())).toBe(20);
  await next.stop();
});

test("private server > waits at start until a killed gateway's server has released the data", async () => {
  const dataDir = folder();
  for (let round = 0; round < 3; round++) {
    const parent = await startParent(dataDir);
    await ask(parent.state.url, (redis) => redis.incr("rounds"));
    parent.child.kill("SIGKILL");
    const next = await start({ dataDir });
    expect(Number(await ask(next.url, (redis) => redis.incr("rounds")))).toBe(2 * round + 2);
    await next.stop();
  }
});

test("private server > gets no signal that goes to the gateway's process group (Ctrl-C)", async () => {
  const server = await start();
  expect(processOf(server.pid() as number)?.group).toBe(server.pid());
  await server.stop();
});

test("private server > restarts with its data when it is killed", async () => {
  const server = await start();
  await ask(server.url, (redis) => redis.set("kept", "yes"));
  const pid = server.pid() as number;
  process.kill(pid, "SIGKILL");
  await until(() => server.pid() !== undefined && server.pid() !== pid);
  expect(await ask(server.url, (redis) => redis.get("kept"))).toBe("yes");
  await server.stop();
});

test("private server > is shared with a second gateway, which takes over when the first is gone", async () => {
  const dataDir = folder();
  const first = await start({ dataDir });
  const second = await start({ dataDir });
  const third = await start({ dataDir });
  expect([second.owned(), third.owned(), second.url]).toEqual([false, false, first.url]);
  await third.stop();
  expect(await ask(first.url, (redis) => redis.set("kept", "yes"))).toBe("OK");
  await first.stop();
  await until(() => second.owned());
  expect(await ask(second.url, (redis) => redis.get("kept"))).toBe("yes");
  await second.stop();
});

test("private server > runs once when gateways start together", async () => {
  const dataDir = folder();
  const all = await Promise.all([start({ dataDir }), start({ dataDir }), start({ dataDir })]);
  expect(all.filter((server) => server.owned())).toHaveLength(1);
  const ids = await Promise.all(all.map((server) => ask(server.url, (redis) => redis.info("server"))));
  expect(new Set(ids.map((info) => /run_id:(\w+)/.exec(info)?.[1])).size).toBe(1);
  for (const server of all) if (!server.owned()) await server.stop();
  for (const server of all) await server.stop();
});

test("private server > uses another folder for the socket when the path is too long", async () => {
  const runtimeDir = join(root, "run");
  await mkdir(runtimeDir);
  const server = await start({ dataDir: join(root, "deep".repeat(30)), surroundings: { ...surroundings, runtimeDir } });
  expect(server.url.startsWith(`unix:${runtimeDir}/dragoman-`)).toBe(true);
  expect(await ask(server.url, (redis) => redis.ping())).toBe("PONG");
  await server.stop();
});

test("private server > does not use a socket folder that other users can reach", async () => {
  const dataDir = join(root, "open".repeat(30));
  const runtimeDir = join(root, "run2");
  await mkdir(runtimeDir);
  const first = await start({ dataDir, surroundings: { ...surroundings, runtimeDir } });
  const folder = first.url.slice("unix:".length).replace(/\/redis\.sock$/, "");
  await first.stop();
  await chmod(folder, 0o777);
  const second = await start({ dataDir, surroundings: { ...surroundings, runtimeDir } });
  expect(second.url.startsWith(`unix:${tmpdir()}/dragoman-`)).toBe(true);
  await second.stop();
  await rm(second.url.slice("unix:".length).replace(/\/redis\.sock$/, ""), { recursive: true });
});

test("private server > runs from redis-check-rdb alone", async () => {
  const path = join(root, "tools-only");
  await mkdir(path);
  await symlink("/usr/bin/redis-check-rdb", join(path, "redis-check-rdb"));
  const server = await start({ surroundings: { ...surroundings, path: [path] }, cacheDir: join(root, "cache-tools") });
  expect(await ask(server.url, (redis) => redis.ping())).toBe("PONG");
  await server.stop();
});

test("private server > names the command to run when no server is found", async () => {
  const nothing = start({ surroundings: { ...surroundings, path: [] }, cacheDir: join(root, "empty-cache") });
  await expect(nothing).rejects.toThrow(ConfigError);
  await expect(nothing).rejects.toThrow(/apt-get install -y --no-install-recommends redis-server/);
});

test("private server > refuses a server that is too old, with its version", async () => {
  const path = join(root, "old");
  await mkdir(path);
  const old = join(path, "redis-server");
  await writeFile(old, "#!/bin/sh\necho 'Redis server v=6.0.16 sha=00000000:0'\n", { mode: 0o755 });
  await expect(
    start({ surroundings: { ...surroundings, path: [path] }, cacheDir: join(root, "no-cache") }),
  ).rejects.toThrow(/6\.0\.16.*7\.0 or newer/);
  await expect(start({ server: old })).rejects.toThrow(/REDIS_SERVER: is version 6\.0\.16/);
  await expect(start({ server: "/bin/true" })).rejects.toThrow(/REDIS_SERVER: takes the path/);
});

test("private server > reports why a server can't start", async () => {
  const dataDir = folder();
  const server = await start({ dataDir });
  await ask(server.url, (redis) => redis.set("a", "1"));
  await server.stop();
  await writeFile(join(dataDir, "redis/appendonlydir/appendonly.aof.manifest"), "nonsense");
  await expect(start({ dataDir })).rejects.toThrow(/at its start: .*manifest/i);
});

test("private server > fetches the distribution's packages into the cache folder once", async () => {
  const cacheDir = join(root, "fetched");
  const lines: string[] = [];
  const log = {
    ...silentLog,
    info: (_: object, line: string) => lines.push(line),
    warn: (f: object) => lines.push(JSON.stringify(f)),
  };
  const bare = { cacheDir, mayFetch: true, surroundings: { ...surroundings, path: [] }, log };
  const first = await start(bare);
  expect(lines.join("\n")).toMatch(/fetching your distribution's signed packages/);
  expect(await ask(first.url, (redis) => redis.ping())).toBe("PONG");
  await first.stop();
  lines.length = 0;
  const second = await start(bare);
  expect(lines.join("\n")).not.toMatch(/fetching/);
  await second.stop();
});
