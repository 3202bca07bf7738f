import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { answerMalformedHttp } from "../../../routes/http/malformed-http.ts";

const server = createServer(
  { maxHeaderSize: 2_048, headersTimeout: 300, connectionsCheckingInterval: 50 },
  (req, res) => {
    res.writeHead(200, { "Content-Type": "text/event-stream" });
    res.write(`: ${req.url}\n\n`);
  },
);
beforeAll(async () => {
  answerMalformedHttp(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((done) => server.close(done));
});

/** Sends the parts and resolves with the server's whole output until the connection closes. */
function exchange(...parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
    for (const part of parts) socket.write(part);
  });
}

it.each([
  ["no HTTP at all", "hello there\r\n\r\n", 400, "malformed-request"],
  ["a bad length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: five\r\n\r\n", 400, "malformed-request"],
  ["a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "malformed-request"],
  ["too large a head", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(5_000)}\r\n\r\n`, 431, "headers-too-large"],
  ["a head that never ends", "GET / HTTP/1.1\r\nHost: a\r\n", 408, "request-timeout"],
])("%s is answered with a problem document, and the connection is closed", async (_what, request, status, code) => {
  const [head = "", body = ""] = (await exchange(request)).split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*application/problem\\+json[^]*Connection: close`));
  expect(JSON.parse(body)).toMatchObject({ status, code });
});

it("an error on an open stream writes no second response head into it", async () => {
  const text = await exchange("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", "rubbish\r\n\r\n");
  expect(text.match(/HTTP\/1\.1/g)?.length ?? 0).toBeLessThanOrEqual(1);
});
