import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leaksOf, newCanary } from "../support/canary.ts";
import { createApp, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../support/scripted-smtp.ts";

const USER = "bob@example.org";
const CANARIES = { refused: newCanary(), accepted: newCanary(), invalid: newCanary(), replaced: newCanary() };
const secrets = Object.values(CANARIES);

let redis: TestRedis;
let dir: string;
let api: GatewayProcess;
let worker: GatewayProcess;
let smtp: ScriptedSmtp;
let key: string;
const logs: string[] = [];
const answers: string[] = [];

beforeAll(async () => {
  [redis, dir] = await Promise.all([
    testRedis(["--slowlog-log-slower-than", "0", "--slowlog-max-len", "100000"]),
    mkdtemp(join(tmpdir(), "dgm-secrecy-")),
  ]);
  // A server that repeats what it was told, as some do.
  smtp = await scriptedSmtp({ ehlo: ["AUTH PLAIN LOGIN"], auth: (line) => authReply(line) });
  const env = {
    REDIS_URL: redis.url,
    ALLOW_PRIVATE: "127.0.0.0/8",
    LOG_LEVEL: "debug",
    NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${dir}`,
  };
  const settings = { dataDir: dir, env, onLine: (line: string) => void logs.push(line) };
  api = await gatewayProcess({ ...settings, role: "api" });
  worker = await gatewayProcess({ ...settings, role: "worker" });
  key = createApp("shop", dir, redis.url);
});
afterAll(async () => {
  await Promise.all([api?.stop(), worker?.stop(), smtp?.stop()]);
  await redis?.stop();
  await rm(dir, { recursive: true, force: true });
});

function authReply(line: string): string {
  const login = Buffer.from(line.split(" ")[2] ?? "", "base64").toString();
  return login.includes(CANARIES.refused)
    ? `535 5.7.8 No: ${line} means ${login.replaceAll("\0", " ")}`
    : "235 2.7.0 Welcome";
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${api.base}${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  answers.push(JSON.stringify([...answer.headers]), text);
  return { status: answer.status, body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown> };
}

const login = (password: string, more: object = {}) => ({
  platform: "email",
  address: USER,
  credentials: { host: "127.0.0.1", port: smtp.port, tls: "none", user: USER, password, ...more },
});
const mail = (rid: string) => ({
  rid,
  platform: "email",
  verb: "send",
  actor: { address: USER },
  target: { address: "foo@example.org" },
  object: { subject: "Hi", body: "Hi" },
});

/** Takes a heap snapshot of a process and waits until the file is whole. */
async function heapOf({ pid }: GatewayProcess): Promise<Buffer> {
  process.kill(pid(), "SIGUSR2");
  let file: string | undefined;
  let size = -1;
  await expect
    .poll(
      async () => {
        file = (await readdir(dir)).find((name) => name.endsWith(".heapsnapshot") && name.includes(`.${pid()}.`));
        const before = size;
        size = file === undefined ? -1 : (await stat(join(dir, file))).size;
        return size > 0 && size === before && (await readFile(join(dir, file ?? ""), "utf8")).trimEnd().endsWith("}");
      },
      { timeout: 60_000, interval: 500 },
    )
    .toBe(true);
  return readFile(join(dir, file ?? ""));
}

/** Returns all that Redis holds and has written, and what it says of slow commands. */
async function redisPlaces(): Promise<ReadonlyMap<string, Buffer>> {
  const client = redis.connect();
  // Compression would hide what stands in the dump.
  await client.config("SET", "rdbcompression", "no");
  await client.save();
  const sources = new Map<string, Buffer>();
  sources.set("slow log", Buffer.from(JSON.stringify(await client.slowlog("GET", "100000"))));
  sources.set("keys", Buffer.from((await client.keys("*")).join("\n")));
  for (const name of await readdir(redis.dir, { recursive: true })) {
    const path = join(redis.dir, name);
    if ((await stat(path)).isFile()) sources.set(`Redis' ${name}`, await readFile(path));
  }
  return sources;
}

describe("A login", () => {
  it("stands in no answer, log, event, metric, store or slow log, nor in the API's memory, whatever a server says", async () => {
    expect((await call("PUT", "/accounts", { ...login(CANARIES.invalid), address: "" })).status).toBe(422);
    expect((await call("PUT", "/accounts", login(CANARIES.invalid, { prot: 5 }))).status).toBe(422);
    expect((await call("PUT", "/accounts", login(CANARIES.refused))).status).toBe(201);
    const wait = { Prefer: "wait=20" };
    const refused = await call("POST", "/activities", mail("refused"), wait);
    expect(refused.body).toMatchObject({ status: "failed" });
    expect((await call("PUT", "/accounts", login(CANARIES.replaced))).status).toBe(200);
    expect((await call("PUT", "/accounts", login(CANARIES.accepted))).status).toBe(200);
    expect((await call("POST", "/activities", mail("sent"), wait)).body).toMatchObject({ status: "sent" });
    expect(smtp.commands.some((line) => line.startsWith("AUTH"))).toBe(true);
    for (const path of ["/accounts", "/activities/refused", "/dead-letters", "/events?after=earliest"]) {
      await call("GET", path, undefined, { Accept: "application/json" });
    }
    const metrics = await (await fetch(`${new URL(api.base).origin}/metrics`)).text();
    const sources = new Map<string, Buffer | string>([
      ["answers", answers.join("\n")],
      ["logs", logs.join("\n")],
      ["metrics", metrics],
      ["the API's heap", await heapOf(api)],
      ...(await redisPlaces()),
    ]);
    for (const [name, { pid }] of Object.entries({ API: api, worker })) {
      for (const file of ["environ", "cmdline"]) {
        sources.set(`${file} of the ${name}`, await readFile(`/proc/${pid()}/${file}`));
      }
    }
    expect(logs.length).toBeGreaterThan(5);
    expect([...sources.values()].every(({ length }) => length > 0)).toBe(true);
    expect(leaksOf(sources, secrets, USER)).toEqual([]);
  });

  it("stands nowhere either once its account was deleted", async () => {
    const { accounts } = (await call("GET", "/accounts")).body as { accounts: ReadonlyArray<{ readonly id: string }> };
    for (const { id } of accounts) expect((await call("DELETE", `/accounts/${id}`)).status).toBe(204);
    const sources = new Map<string, Buffer | string>([
      ["answers", answers.join("\n")],
      ["logs", logs.join("\n")],
      ...(await redisPlaces()),
    ]);
    expect(leaksOf(sources, secrets, USER)).toEqual([]);
  });
});
