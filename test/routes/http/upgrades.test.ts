import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { readJson } from "../../../routes/http/json-body.ts";
import { problemOf, sendProblem } from "../../../routes/http/problem.ts";
import { sortUpgrades } from "../../../routes/http/upgrades.ts";

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((done) => (server ? server.close(done) : done(undefined)));
});

async function started(onUpgrade: () => void = () => {}): Promise<number> {
  const created = createServer((req, res) => {
    readJson(req, 100).then(
      ({ value }) => res.end(JSON.stringify({ url: req.url, upgrade: req.headers.upgrade ?? null, value })),
      (error: unknown) => sendProblem(res, problemOf(error)),
    );
  });
  server = created;
  created.on("upgrade", (_req, socket) => {
    onUpgrade();
    socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n");
  });
  sortUpgrades(created);
  await new Promise<void>((done) => created.listen(0, "127.0.0.1", done));
  return (created.address() as AddressInfo).port;
}

/** Writes the parts in turn, each after a response or a turn of the loop. Returns all received text. */
function exchange(port: number, parts: readonly string[], until: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (until.test(text)) {
        socket.destroy();
        resolve(text);
      }
    });
    socket.on("error", reject).on("end", () => resolve(text));
    socket.on("connect", async () => {
      for (const part of parts) await new Promise((next) => socket.write(part, () => setImmediate(next)));
    });
  });
}

const head = (upgrade: string, body: string) =>
  `POST /it HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${upgrade}\r\nHTTP2-Settings: AAMAAABk\r\n` +
  `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;

it("answers a request that offers h2c as HTTP/1.1, and the next request on that connection", async () => {
  const port = await started();
  const body = '{"a":1}';
  const again = `POST /next HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n2`;
  const text = await exchange(port, [head("h2c", body), body.slice(0, 3), body.slice(3) + again], /next.*2\}/s);
  expect(text).toContain('{"url":"/it","upgrade":null,"value":{"a":1}}');
  expect(text).toContain('{"url":"/next","upgrade":null,"value":2}');
});

it("leaves WebSocket upgrades to earlier listeners", async () => {
  let seen = 0;
  const port = await started(() => seen++);
  expect(await exchange(port, [head("websocket", "")], /101/)).toContain("101");
  expect(seen).toBe(1);
});

it("answers 413 to a client that continues writing, and then the next request", async () => {
  const port = await started();
  const plain = "POST /big HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
  const big = " ".repeat(3_000_000);
  const next = `${plain.replace("big", "next")}Content-Length: 1\r\n\r\n2`;
  for (const parts of [
    [`${plain}Content-Length: ${big.length}\r\n\r\n`, big, next],
    [`${plain}Transfer-Encoding: chunked\r\n\r\n${big.length.toString(16)}\r\n`, big, `\r\n0\r\n\r\n${next}`],
  ]) {
    const text = await exchange(port, parts, /next.*2\}/s);
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(text).toContain('"url":"/next"');
  }
});
