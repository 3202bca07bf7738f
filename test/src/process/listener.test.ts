import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, createServer, get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { afterEach, expect, test } from "vitest";
import { ConfigError } from "../../../src/config/settings.ts";
import {
  closeServer,
  listen,
  parseAdminAddress,
  stopListening,
  waitForConnections,
} from "../../../src/process/listener.ts";

const closers: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function server() {
  const created = createServer((_req, res) => res.end("here"));
  closers.push(() => closeServer(created, 0));
  return created;
}

test("listen returns the address for clients", async () => {
  const address = await listen(server(), "127.0.0.1", 0);
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await request(address).get("/")).status).toBe(200);
});

test("listen names a port that is in use", async () => {
  const port = Number(new URL(await listen(server(), "127.0.0.1", 0)).port);
  await expect(listen(server(), "127.0.0.1", port)).rejects.toThrow(/^PORT: .*already/);
});

test("listen replaces a dead socket file, but no live one and no other file", async () => {
  const dir = await mkdtemp(join(tmpdir(), "dgm-listen-"));
  closers.push(() => rm(dir, { recursive: true }));
  const path = join(dir, "gateway.sock");
  const holder = spawn(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`,
  ]);
  await once(holder.stdout, "data");
  await expect(listen(server(), `unix:${path}`, 0)).rejects.toThrow(ConfigError);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  expect(await listen(server(), `unix:${path}`, 0)).toBe(`unix:${path}`);
  const file = join(dir, "precious.txt");
  await writeFile(file, "mine");
  await expect(listen(server(), `unix:${file}`, 0)).rejects.toThrow(/another kind of file/);
  expect(await readFile(file, "utf8")).toBe("mine");
});

test("a stopped listener answers on open connections, and its socket path is free at once", async () => {
  const dir = await mkdtemp(join(tmpdir(), "dgm-listen-"));
  closers.push(() => rm(dir, { recursive: true }));
  const socketPath = join(dir, "gateway.sock");
  const created = server();
  await listen(created, `unix:${socketPath}`, 0);
  const keepAliveAgent = new Agent({ keepAlive: true, maxSockets: 1 });
  closers.push(async () => keepAliveAgent.destroy());
  const ask = async (agent: Agent | false) => {
    const [response] = (await once(get({ socketPath, agent }), "response")) as [IncomingMessage];
    await response.resume().toArray();
    return response.statusCode;
  };
  expect(await ask(keepAliveAgent)).toBe(200);
  await stopListening(created);
  expect(await ask(keepAliveAgent)).toBe(200);
  await expect(ask(false)).rejects.toThrow("ENOENT");
  const next = server();
  expect(await listen(next, `unix:${socketPath}`, 0)).toBe(`unix:${socketPath}`);
  // A connection that stays open delays the shutdown by the given time at most.
  await waitForConnections(created, 100);
  keepAliveAgent.destroy();
  await waitForConnections(created, 20_000);
  expect(await new Promise((resolve) => created.getConnections((_error, count) => resolve(count)))).toBe(0);
});

test("ADMIN_LISTEN accepts its three forms", () => {
  expect(parseAdminAddress("127.0.0.1:9100")).toEqual({ host: "127.0.0.1", port: 9100 });
  expect(parseAdminAddress("[::1]:9100")).toEqual({ host: "::1", port: 9100 });
  expect(parseAdminAddress("unix:/run/admin.sock")).toEqual({ host: "unix:/run/admin.sock", port: 0 });
});

test.each(["9100", "127.0.0.1:70000", "localhost", "unix:relative", "::1:80"])("ADMIN_LISTEN refuses %s", (text) => {
  expect(() => parseAdminAddress(text)).toThrow(ConfigError);
});
