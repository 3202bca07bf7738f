import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { afterEach, expect, test } from "vitest";
import { ConfigError } from "../../src/config.ts";
import { adminPlace, closeServer, listen } from "../../src/listen.ts";

const closers: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function server() {
  const made = createServer((_req, res) => res.end("here"));
  closers.push(() => closeServer(made, 0));
  return made;
}

test("answers with what a client would write", async () => {
  const address = await listen(server(), "127.0.0.1", 0);
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await request(address).get("/")).status).toBe(200);
});

test("a port that is taken is named", async () => {
  const port = Number(new URL(await listen(server(), "127.0.0.1", 0)).port);
  await expect(listen(server(), "127.0.0.1", port)).rejects.toThrow(/^PORT: .*already/);
});

test("a dead socket file is replaced, a live one and another kind of file are not", async () => {
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

test("ADMIN_LISTEN in its three forms", () => {
  expect(adminPlace("127.0.0.1:9100")).toEqual({ host: "127.0.0.1", port: 9100 });
  expect(adminPlace("[::1]:9100")).toEqual({ host: "::1", port: 9100 });
  expect(adminPlace("unix:/run/admin.sock")).toEqual({ host: "unix:/run/admin.sock", port: 0 });
});

test.each(["9100", "127.0.0.1:70000", "localhost", "unix:relative", "::1:80"])("ADMIN_LISTEN refuses %s", (text) => {
  expect(() => adminPlace(text)).toThrow(ConfigError);
});
