import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Command } from "commander";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { proxyCommands } from "../../../../src/cli/proxy.ts";
import { freePort } from "../../../support/free-port.ts";
import { gateway } from "../../../support/gateway.ts";
import { lampSite } from "../../../support/lamp-site.ts";
import { testNginx } from "../../../support/nginx.ts";

const DOCUMENTED = "node bin/dragoman.mjs proxy nginx --check https://shop.example --site 127.0.0.1:8080";

let core: Awaited<ReturnType<typeof gateway>>;
let site: Awaited<ReturnType<typeof lampSite>>;
let address = "";
const closers: Array<() => unknown> = [];
beforeAll(async () => {
  core = await gateway({ PLATFORMS: "+dummy" });
  site = await lampSite();
  address = new URL(core.url).host;
  process.env.DRAGOMAN_KEY = await core.keyOf("check");
});
afterAll(async () => {
  delete process.env.DRAGOMAN_KEY;
  process.exitCode = undefined;
  await core?.stop();
  await site?.stop();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Runs the documented command on this site; answers its lines and exit code. */
async function check(url: string, own = site.address, more: readonly string[] = []) {
  const out: string[] = [];
  const program = new Command("dragoman");
  proxyCommands(program, { out: (line) => out.push(line), say: () => undefined });
  process.exitCode = 0;
  const words = DOCUMENTED.replace("https://shop.example", url).replace("127.0.0.1:8080", own).split(" ").slice(2);
  await program.parseAsync([...words, ...more], { from: "user" });
  return { text: out.join("\n"), code: process.exitCode };
}

interface Faults {
  /** Changes the request before it goes on; true when it answered by itself. */
  readonly request?: (req: IncomingMessage, res: ServerResponse) => boolean;
  /** Changes the answer's headers. */
  readonly answer?: (headers: Record<string, unknown>) => void;
  /** Events are collected, as by a buffering proxy. */
  readonly buffers?: boolean;
  readonly upgrade?: (socket: Socket) => void;
}

/** A proxy that does everything right but for these faults. */
async function badProxy(faults: Faults): Promise<string> {
  const server = createServer((req, res) => {
    req.headers["x-forwarded-for"] = "127.0.0.1";
    if (faults.request?.(req, res) === true) return;
    const target = req.url?.startsWith("/gateway") === true ? address : site.address;
    const [host, port] = target.split(":");
    const onward = request({ host, port, path: req.url, method: req.method, headers: req.headers }, (answer) => {
      const headers: Record<string, unknown> = { ...answer.headers };
      faults.answer?.(headers);
      if (faults.buffers === true && answer.headers["content-type"] === "text/event-stream") return;
      res.writeHead(answer.statusCode ?? 500, headers as Record<string, string>);
      answer.pipe(res);
    });
    onward.on("error", () => res.destroy());
    res.on("close", () => onward.destroy());
    req.pipe(onward);
  });
  server.on("upgrade", (req, socket: Socket) => {
    if (req.headers.upgrade === "h2c" && faults.upgrade === undefined)
      return socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    if (faults.upgrade !== undefined) return faults.upgrade(socket);
    const [host, port] = address.split(":");
    const onward = connect(Number(port), host);
    const lines = Object.entries(req.headers).map(([name, value]) => `${name}: ${value}`);
    onward.write(`GET ${req.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    onward.pipe(socket).pipe(onward);
    for (const one of [onward, socket]) one.on("error", () => one.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("dragoman proxy --check", () => {
  it("has nothing to say against the shipped files", async () => {
    const nginx = await testNginx({ layout: "site", variables: { GATEWAY_ADDR: address, SITE_ADDR: site.address } });
    closers.push(nginx.stop);
    const { text, code } = await check(`http://127.0.0.1:${nginx.port}`);
    expect(text).not.toContain("✗");
    for (const good of [
      "the gateway answers",
      "metrics are not public",
      "only WebSocket upgrades pass",
      "WebSockets reach",
    ])
      expect(text).toContain(`✓ IPv4: ${good}`);
    for (const good of ["no cache keeps", "streams come at once", "the site's front page answers 200"])
      expect(text).toContain(good);
    expect(code).toBe(0);
  });

  it("finds another server at the IPv6 address of the same port", async () => {
    const other = createServer((_req, res) => res.writeHead(404).end("default page"));
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, "::1", resolve));
    closers.push(() => other.close());
    const variables = { GATEWAY_ADDR: address, SITE_ADDR: site.address, HTTP_LISTEN: `127.0.0.1:${port}` };
    const nginx = await testNginx({ layout: "site", variables, port });
    closers.push(nginx.stop);
    expect((await check(`http://127.0.0.1:${port}`)).text).toContain("✓ IPv4: the gateway answers");
    const { text, code } = await check(`http://[::1]:${port}`);
    expect(text).toContain("✗ IPv6: /gateway/healthz is answered 404, not by the gateway\n  cause: another server");
    expect(code).toBe(1);
  });

  it("finds that nothing listens, or that the gateway is away", async () => {
    const port = await freePort();
    expect((await check(`http://127.0.0.1:${port}`)).text).toContain("✗ IPv4: no answer (ECONNREFUSED)");
    const { text, code } = await check(`http://127.0.0.1:${port}`, site.address, ["--json"]);
    expect([code, JSON.parse(text)]).toEqual([
      1,
      { ok: false, findings: [expect.objectContaining({ family: 4, text: "no answer (ECONNREFUSED)" })] },
    ]);
    const variables = { GATEWAY_ADDR: `127.0.0.1:${port}`, SITE_ADDR: site.address };
    const nginx = await testNginx({ layout: "site", variables });
    closers.push(nginx.stop);
    expect((await check(`http://127.0.0.1:${nginx.port}`)).text).toContain("✗ IPv4: the proxy answers 503");
  });

  const faults: Readonly<Record<string, Faults>> = {
    "metrics are public": {
      request: (req) => {
        delete req.headers["x-forwarded-for"];
        return false;
      },
    },
    "an h2c upgrade passes": {
      upgrade: (socket) =>
        socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
    },
    "a WebSocket's handshake is answered 400": { upgrade: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n") },
    "ids with a slash (%2F) are answered 404 by the proxy": {
      request: (req, res) => {
        if (req.url?.includes("%2F") !== true) return false;
        res.writeHead(404).end("not here");
        return true;
      },
    },
    "a private answer comes from a cache": {
      answer: (headers) => {
        headers["x-cache"] = "HIT";
      },
    },
    "an event stream shows nothing": { buffers: true },
    "the site's front page answers 500": {
      request: (req, res) => {
        if (req.url !== "/" || req.headers.upgrade !== undefined) return false;
        res.writeHead(500).end();
        return true;
      },
    },
  };
  it.each(Object.entries(faults))("says that %s, why, and what to do", { timeout: 20_000 }, async (symptom, fault) => {
    const { text, code } = await check(await badProxy(fault));
    expect(text).toMatch(new RegExp(`✗ IPv4: ${symptom.replace(/[()]/g, "\\$&")}.*\\n {2}cause: .+\\n {2}cure: .+`));
    expect(code).toBe(1);
  });
});
