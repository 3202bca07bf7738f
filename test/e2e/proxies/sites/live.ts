import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request as http, type IncomingMessage } from "node:http";
import { request as https } from "node:https";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { Layout } from "./layouts.ts";
import { hostOf, type Site } from "./site.ts";
import { opened, type SiteEndpoint, visit } from "./visit.ts";

/** Longer than what the gateway's own paths allow between two parts of a body. Waiting is what is tested. */
const PAUSE_MS = 11_000;

/** Sites with streams, sockets and slow visitors of their own. */
export const liveSites: readonly Site[] = [
  {
    name: "own-stream",
    files: {
      "events.php": `<?php
header('Content-Type: text/event-stream');
$go = ini_get('session.save_path') . '/' . preg_replace('/[^a-z0-9-]/', '', $_GET['id']);
echo "data: first\\n\\n"; flush();
while (!file_exists($go) && !connection_aborted()) usleep(10000);
echo "data: second\\n\\n";`,
      "go.php":
        "<?php touch(ini_get('session.save_path') . '/' . preg_replace('/[^a-z0-9-]/', '', $_GET['id'])); echo 'gone';",
    },
    requests: [],
  },
  {
    name: "own-socket",
    files: { "index.html": "chat" },
    vhost: 'ProxyPass "/chat" "http://SOCKETS/chat" upgrade=websocket',
    requests: [{ path: "/" }, { path: "/chat" }],
  },
  {
    name: "slow",
    files: { "index.php": "<?php sleep(3); echo 'At last';" },
    requests: [],
  },
  {
    name: "slow-upload",
    files: { "put.php": "<?php echo strlen(file_get_contents('php://input'));" },
    requests: [],
  },
];

/** A server of the site's own that echoes what sockets say. */
export async function echoServer(): Promise<{ readonly address: string; readonly stop: () => Promise<void> }> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (ws) => ws.on("message", (data) => ws.send(`echo ${data}`)));
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  return {
    address: `127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Tests of streams, sockets and uploads of sites, while they are open. */
export function siteLives(layout: () => Layout): void {
  const endpoint = (site: string): SiteEndpoint => ({ ...layout(), host: hostOf({ name: site }) });

  it.concurrent("the site's own event stream comes event by event", async () => {
    const id = randomUUID();
    const stream = await opened(endpoint("own-stream"), { path: `/events.php?id=${id}` });
    const text = reader(stream);
    // The second is sent only when the first was heard: whoever collects would wait for ever.
    await text((received) => received.includes("data: first"));
    await visit(endpoint("own-stream"), { path: `/go.php?id=${id}` });
    await text((received) => received.includes("data: second"));
  });

  it.concurrent("the site's own WebSocket speaks both ways", async () => {
    const { port, ca, host } = endpoint("own-socket");
    const ws = new WebSocket(`${ca === undefined ? "ws" : "wss"}://127.0.0.1:${port}/chat`, {
      headers: { Host: host },
      ...(ca === undefined ? {} : { ca, servername: host }),
    });
    await once(ws, "open");
    ws.send("hello");
    expect(String((await once(ws, "message"))[0])).toBe("echo hello");
    ws.terminate();
  });
}

/** No tunnel past the rules. */
export function onlyWebSocketsUpgrade(layout: () => Layout): void {
  it("no h2c upgrade passes, however it is written", async () => {
    for (const upgrade of ["h2c", "H2C", "websocket, h2c", "h2c, websocket", "websocket\r\nUpgrade: h2c"])
      expect(await upgraded({ ...layout(), host: "static.example" }, upgrade), upgrade).not.toMatch(/^HTTP\/1\.1 101/);
  });
}

/** Uploads with a pause longer than the gateway's own paths allow; resolves with the answer. */
export async function pausingUpload({ port, ca }: Layout): Promise<string> {
  const host = hostOf({ name: "slow-upload" });
  const headers = { Host: host, "Content-Length": "200000" };
  const options = { host: "127.0.0.1", port, path: "/put.php", method: "POST", headers, agent: false };
  const request = ca === undefined ? http(options) : https({ ...options, ca, servername: host });
  const answered = once(request, "response") as Promise<[IncomingMessage]>;
  request.write("x".repeat(100_000));
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  request.end("x".repeat(100_000));
  const [response] = await answered;
  let text = "";
  for await (const part of response.setEncoding("utf8")) text += part;
  return `${response.statusCode} ${text}`;
}

/** The answer's head to a request that asks for an upgrade of the connection. */
export async function upgraded({ port, ca, host }: SiteEndpoint, upgrade: string): Promise<string> {
  const socket =
    ca === undefined ? connectTcp(port, "127.0.0.1") : connectTls({ port, host: "127.0.0.1", ca, servername: host });
  await once(socket, ca === undefined ? "connect" : "secureConnect");
  const lines = [
    "GET / HTTP/1.1",
    `Host: ${host}`,
    "Connection: Upgrade, HTTP2-Settings",
    `Upgrade: ${upgrade}`,
    "HTTP2-Settings: AAMAAABkAAQAAP__",
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  const [head] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return head.toString("latin1");
}

/** Collects what comes; waits until it fits, and fails when it ends without. */
function reader(stream: IncomingMessage) {
  let received = "";
  stream.setEncoding("utf8").on("data", (part: string) => {
    received += part;
  });
  return async (fits: (text: string) => boolean): Promise<void> => {
    while (!fits(received)) {
      if (stream.readableEnded) throw new Error(`It ended after ${JSON.stringify(received)}`);
      await Promise.race([once(stream, "data"), once(stream, "end")]);
    }
  };
}
