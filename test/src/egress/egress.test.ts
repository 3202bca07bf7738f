import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttp, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { egress } from "../../../src/egress/egress.ts";
import { Failure } from "../../../src/model/failure.ts";
import { freePort } from "../../support/free-port.ts";
import { certificate } from "../../support/mail-certificate.ts";

/** Listener that must not be reached; counts every connection on all loopback addresses. */
let hits = 0;
let reached: string[] = [];
let port = 0;
const secret = createTcp((socket) => {
  hits += 1;
  reached.push(String(socket.localAddress).replace("::ffff:", ""));
  socket.on("error", () => undefined);
  socket.resume();
  socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsecret");
});
const guard = egress({ allowPrivate: [] });
const ends: Array<() => Promise<unknown>> = [() => guard.close()];

beforeAll(async () => {
  await new Promise<void>((resolve) => secret.listen(0, "::", () => resolve()));
  port = (secret.address() as AddressInfo).port;
});
afterEach(() => {
  hits = 0;
  reached = [];
});
afterAll(async () => {
  for (const end of ends) await end();
  await new Promise((resolve) => secret.close(resolve));
});

/** Web server on loopback, and a guard that allows only that address (127.0.0.2). */
async function web(handler: Parameters<typeof createHttp>[1], more: Partial<Parameters<typeof egress>[0]> = {}) {
  const server: Server = createHttp(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.2", () => resolve()));
  const open = egress({ allowPrivate: ["127.0.0.2/32"], ...more });
  ends.push(open.close, () => closed(server));
  return {
    base: `http://127.0.0.2:${(server.address() as AddressInfo).port}`,
    port: (server.address() as AddressInfo).port,
    open,
  };
}
const closed = (server: Pick<Server, "close" | "closeAllConnections">) =>
  new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
const failure = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.unreachable("It was let through"),
    (thrown) => thrown,
  );

/** Spellings of this machine and of private addresses; P stands for the listener's port. */
const INSIDE = [
  "http://127.0.0.1:P/",
  "http://127.1:P/",
  "http://127.0.1:P/",
  "http://2130706433:P/",
  "http://0x7f000001:P/",
  "http://0x7f.1:P/",
  "http://0177.0.0.1:P/",
  "http://017700000001:P/",
  "http://0:P/",
  "http://0.0.0.0:P/",
  "http://localhost:P/",
  "http://LOCALHOST:P/",
  "http://127.0.0.1.:P/",
  "http://127.0.0.2:P/",
  "http://127.255.255.254:P/",
  "http://[::1]:P/",
  "http://[::]:P/",
  "http://[::ffff:127.0.0.1]:P/",
  "http://[::ffff:7f00:1]:P/",
  "http://[0:0:0:0:0:ffff:127.0.0.1]:P/",
  "http://[::127.0.0.1]:P/",
  "http://[::ffff:0:127.0.0.1]:P/",
  "http://１２７.０.０.１:P/",
  "http://127。0。0。1:P/",
  "http://①②⑦.0.0.1:P/",
  "http://127%2e0%2e0%2e1:P/",
  "http://user:pw@127.0.0.1:P/",
  "http://example.com@127.0.0.1:P/",
  "http://127.0.0.1:P#@example.com/",
  "http://[64:ff9b::127.0.0.1]:P/",
  "http://[64:ff9b:1::7f00:1]:P/",
  "http://[2002:7f00:1::]:P/",
  "http://[2001::7f00:1]:P/",
  "http://[fe80::1]:P/",
  "http://[fc00::1]:P/",
  "http://[fd00:ec2::254]:P/",
  "http://[fec0::1]:P/",
  "http://[ff02::1]:P/",
  "http://[2001:db8::1]:P/",
  "http://[100::1]:P/",
  "http://10.0.0.1:P/",
  "http://172.16.0.1:P/",
  "http://192.168.0.1:P/",
  "http://100.64.0.1:P/",
  "http://169.254.169.254:P/latest/meta-data/",
  "http://192.0.0.192:P/",
  "http://198.18.0.1:P/",
  "http://203.0.113.1:P/",
  "http://224.0.0.1:P/",
  "http://240.0.0.1:P/",
  "http://255.255.255.255:P/",
];

describe("private addresses", () => {
  it.each(INSIDE)("are not fetched: %s", async (url) => {
    const thrown = await failure(guard.fetch(url.replace("P", String(port)), { timeoutMs: 5_000 }));
    expect(thrown).toMatchObject({ name: "Failure", kind: "permanent", code: "address-blocked" });
    expect(thrown.message).not.toContain("127");
    expect(hits).toBe(0);
  });

  it.each([
    "127.0.0.1",
    "0",
    "2130706433",
    "0x7f.1",
    "localhost",
    "::1",
    "[::1]",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "fe80::1%lo",
    "169.254.169.254",
    "10.0.0.1",
  ])("are not connected to: %s", async (host) => {
    expect(await failure(guard.connect(host, port))).toMatchObject({ code: "address-blocked" });
    expect(hits).toBe(0);
  });

  it.each([
    "file:///etc/passwd",
    "gopher://127.0.0.1:P/_x",
    "ftp://127.0.0.1:P/",
    "data:text/plain,hi",
    "javascript:1",
    "//127.0.0.1:P/",
    "not a url",
    "unix:/run/x",
    "http://",
  ])("are not reached by another scheme: %s", async (url) => {
    expect(await failure(guard.fetch(url.replace("P", String(port))))).toMatchObject({ code: "address-blocked" });
    expect(hits).toBe(0);
  });

  it("are not reached by localhost with a final dot", async () => {
    expect(await failure(guard.fetch(`http://localhost.:${port}/`))).toBeInstanceOf(Failure);
    await expect(guard.connect("localhost.", port)).rejects.toThrow();
    expect(hits).toBe(0);
  });

  it("are not reached by a name that resolves to them", async () => {
    const named = egress({
      allowPrivate: [],
      resolve: async () => [
        { address: "127.0.0.1", family: 4 },
        { address: "::1", family: 6 },
      ],
    });
    ends.push(named.close);
    expect(await failure(named.fetch(`http://inside.example:${port}/`))).toMatchObject({ code: "address-blocked" });
    expect(await failure(named.connect("inside.example", port))).toMatchObject({ code: "address-blocked" });
    expect(hits).toBe(0);
  });

  it("are left out of a mixed answer", async () => {
    const { port: openPort, open } = await web((_req, res) => res.end("ok"), {
      resolve: async () => [
        { address: "127.0.0.1", family: 4 },
        { address: "127.0.0.2", family: 4 },
        { address: "::1", family: 6 },
      ],
    });
    expect((await open.fetch(`http://mixed.example:${openPort}/`)).body.toString()).toBe("ok");
    const socket = await open.connect("mixed.example", openPort);
    expect(socket.remoteAddress).toBe("127.0.0.2");
    socket.destroy();
  });

  it("are not reached by DNS rebinding between check and connect", async () => {
    let requestCount = 0;
    const rebinding = egress({
      allowPrivate: ["127.0.0.2/32"],
      resolve: async () => [{ address: requestCount++ % 2 === 0 ? "127.0.0.2" : "127.0.0.1", family: 4 }],
    });
    ends.push(rebinding.close);
    const answers: string[] = [];
    for (let n = 0; n < 6; n++) {
      answers.push(
        await rebinding.fetch(`http://rebind.example:${port}/`).then(
          ({ body }) => body.toString(),
          ({ code }: Failure) => code,
        ),
      );
    }
    // The listener also answers on 127.0.0.2, which is allowed here; on 127.0.0.1 it must have received no connection.
    expect(answers).toEqual(["secret", "address-blocked", "secret", "address-blocked", "secret", "address-blocked"]);
    expect(reached).toEqual(["127.0.0.2", "127.0.0.2", "127.0.0.2"]);
  });

  it.each([301, 302, 303, 307, 308])("are not reached by a redirect (%s)", async (status) => {
    const addresses = [
      `http://127.0.0.1:${port}/`,
      `http://[::1]:${port}/`,
      `http://2130706433:${port}/`,
      "file:///etc/passwd",
      "gopher://127.0.0.1:70/",
      "data:,x",
      `//localhost:${port}/`,
    ];
    for (const location of addresses) {
      const { base, open } = await web((_req, res) => res.writeHead(status, { location }).end());
      expect(await failure(open.fetch(base))).toMatchObject({ code: "address-blocked" });
    }
    expect(hits).toBe(0);
  });

  it("are not reached through a proxy of the environment", async () => {
    const { base, open } = await web((_req, res) => res.end("direct"));
    const before = { ...process.env };
    Object.assign(process.env, {
      HTTP_PROXY: `http://127.0.0.1:${port}`,
      http_proxy: `http://127.0.0.1:${port}`,
      ALL_PROXY: `http://127.0.0.1:${port}`,
      NODE_USE_ENV_PROXY: "1",
    });
    try {
      expect((await open.fetch(base)).body.toString()).toBe("direct");
    } finally {
      for (const name of ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "NODE_USE_ENV_PROXY"]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
    expect(hits).toBe(0);
  });
});

describe("fetch", () => {
  it("returns status, headers, body and the final address; error statuses are not thrown", async () => {
    const { base, open } = await web((req, res) => {
      if (req.url === "/go") res.writeHead(302, { location: "/there" }).end();
      else res.writeHead(404, { "x-one": "1" }).end(`${req.method} ${req.headers.host}`);
    });
    const answer = await open.fetch(`${base}/go`, { headers: { Host: "evil.example" } });
    expect(answer).toMatchObject({ status: 404, url: `${base}/there`, headers: { "x-one": "1" } });
    expect(answer.body.toString()).toBe(`GET ${new URL(base).host}`);
  });

  it("drops credentials when the host changes and keeps them otherwise", async () => {
    const seen: IncomingMessage["headers"][] = [];
    const other = await web((req, res) => {
      seen.push(req.headers);
      res.end();
    });
    const { base, open } = await web((req, res) => {
      seen.push(req.headers);
      res.writeHead(302, { location: req.url === "/a" ? "/b" : other.base }).end();
    });
    await open.fetch(`${base}/a`, {
      headers: { authorization: "Bearer t", cookie: "c=1", "x-api-key": "k", accept: "text/x" },
    });
    expect(
      seen.map(({ authorization, cookie, accept, "x-api-key": key }) => [authorization, cookie, key, accept]),
    ).toEqual([
      ["Bearer t", "c=1", "k", "text/x"],
      ["Bearer t", "c=1", "k", "text/x"],
      [undefined, undefined, undefined, "text/x"],
    ]);
  });

  it("never sends a posted body to another host", async () => {
    const bodies: string[] = [];
    const other = await web((req, res) => {
      req.on("data", (chunk) => bodies.push(String(chunk)));
      req.on("end", () => res.end());
    });
    const { base, open } = await web((_req, res) => res.writeHead(307, { location: other.base }).end());
    expect(await failure(open.fetch(base, { method: "POST", body: "client_secret=s" }))).toMatchObject({
      code: "platform-rejected",
    });
    expect(bodies).toEqual([]);
  });

  it("follows three redirects, not four", async () => {
    const { base, open } = await web((req, res) => {
      const left = Number(req.url?.slice(1));
      if (left === 0) res.end("there");
      else res.writeHead(302, { location: `/${left - 1}` }).end();
    });
    expect((await open.fetch(`${base}/3`)).body.toString()).toBe("there");
    expect(await failure(open.fetch(`${base}/4`))).toMatchObject({ kind: "permanent", code: "platform-rejected" });
    expect((await open.fetch(`${base}/1`, { maxRedirects: 0 })).status).toBe(302);
  });

  it("stops at its size limit, also inside compressed answers", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const { base, open } = await web((req, res) => {
      if (req.url === "/bomb") res.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      else {
        const more = () => {
          while (!res.destroyed && res.write(Buffer.alloc(65_536)));
        };
        res.on("drain", more);
        more();
      }
    });
    expect(await failure(open.fetch(`${base}/bomb`))).toMatchObject({ kind: "permanent", code: "content-too-large" });
    expect(await failure(open.fetch(`${base}/endless`, { maxBytes: 1_000_000 }))).toMatchObject({
      code: "content-too-large",
    });
  });

  it("stops at its time limit, for silent and for slow servers", async () => {
    const { base, open } = await web((req, res) => {
      if (req.url === "/drip") {
        const drip = setInterval(() => res.write("x"), 20);
        res.on("close", () => clearInterval(drip));
      }
    });
    for (const path of ["/silent", "/drip"]) {
      expect(await failure(open.fetch(base + path, { timeoutMs: 200 }))).toMatchObject({
        kind: "retryable",
        code: "platform-timeout",
        mayHaveLanded: false,
      });
    }
    expect(await failure(open.fetch(`${base}/silent`, { method: "POST", timeoutMs: 200 }))).toMatchObject({
      mayHaveLanded: true,
    });
  });

  it("is aborted by the caller's signal", async () => {
    const { base, open } = await web(() => undefined);
    const stop = new AbortController();
    const reason = new Error("Enough");
    setImmediate(() => stop.abort(reason));
    expect(await failure(open.fetch(base, { signal: stop.signal }))).toBe(reason);
  });

  it("reports unreachable servers and invalid certificates", async () => {
    const dir = await mkdtemp(join(tmpdir(), "dgm-egress-"));
    ends.push(() => rm(dir, { recursive: true }));
    const { cert, key } = certificate(dir, "DNS:good.example");
    const server = createHttps({ cert, key }, (_req, res) => res.end("secure"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.2", () => resolve()));
    const { port: tlsPort } = server.address() as AddressInfo;
    const trusting = egress({
      allowPrivate: ["127.0.0.2"],
      ca: cert,
      resolve: async () => [{ address: "127.0.0.2", family: 4 }],
    });
    const plain = egress({ allowPrivate: ["127.0.0.2"], resolve: async () => [{ address: "127.0.0.2", family: 4 }] });
    ends.push(trusting.close, plain.close, () => closed(server));
    expect((await trusting.fetch(`https://good.example:${tlsPort}/`)).body.toString()).toBe("secure");
    for (const work of [
      trusting.fetch(`https://bad.example:${tlsPort}/`, { method: "POST" }),
      plain.fetch(`https://good.example:${tlsPort}/`),
    ]) {
      expect(await failure(work)).toMatchObject({ kind: "permanent", code: "tls-failed", mayHaveLanded: false });
    }
    expect(await failure(plain.fetch("http://good.example:25/"))).toMatchObject({ code: "address-blocked" });
    const nobody = await freePort();
    expect(await failure(plain.fetch(`http://good.example:${nobody}/`, { method: "POST" }))).toMatchObject({
      kind: "retryable",
      code: "platform-unavailable",
      mayHaveLanded: false,
      platformCode: "ECONNREFUSED",
    });
  });
});

describe("fetchStream", () => {
  it("passes any amount of data as it arrives, with backpressure", async () => {
    const { base, open } = await web((_req, res) => {
      let sent = 0;
      const timer = setInterval(() => {
        res.write("x".repeat(100));
        sent += 1;
        if (sent < 20) return;
        clearInterval(timer);
        res.end();
      }, 20);
    });
    let size = 0;
    let taking = 0;
    const onChunk = async (chunk: Uint8Array) => {
      taking += 1;
      expect(taking).toBe(1);
      await new Promise((done) => setImmediate(done));
      size += chunk.length;
      taking -= 1;
    };
    // Neither the time nor the size would do for the whole.
    const answer = await open.fetch(base, { onChunk, timeoutMs: 300, maxBytes: 10 });
    expect([answer.status, answer.body.length, size]).toEqual([200, 0, 2_000]);
  });

  it("fails after the received data when the server falls silent or breaks", async () => {
    const { base, open } = await web((req, res) => {
      res.write("a");
      if (req.url === "/break") setTimeout(() => res.destroy(), 50);
    });
    for (const [path, code] of [
      ["/silent", "platform-timeout"],
      ["/break", "platform-unavailable"],
    ]) {
      let received = "";
      const onChunk = (chunk: Uint8Array) => {
        received += Buffer.from(chunk).toString();
      };
      expect(await failure(open.fetch(base + path, { onChunk, timeoutMs: 300 }))).toMatchObject({ code });
      expect(received).toBe("a");
    }
  });

  it("ends when its consumer fails or its caller aborts", async () => {
    const { base, open } = await web((_req, res) => void res.write("a"));
    const own = new Failure({ kind: "permanent", code: "platform-rejected", detail: "No more." });
    const onChunk = () => Promise.reject(own);
    expect(await failure(open.fetch(base, { onChunk }))).toBe(own);
    const ending = new AbortController();
    const stopped = open.fetch(base, { onChunk: () => ending.abort(own), signal: ending.signal });
    expect(await failure(stopped)).toBe(own);
  });

  it("returns a limited body for other answers, and checks addresses", async () => {
    const { base, open } = await web((_req, res) => res.writeHead(429).end("Too many"));
    const onChunk = () => expect.unreachable("It is no stream");
    const { status, body } = await open.fetch(base, { onChunk });
    expect([status, body.toString()]).toEqual([429, "Too many"]);
    expect(await failure(guard.fetch(`http://127.0.0.1:${port}/`, { onChunk }))).toMatchObject({
      code: "address-blocked",
    });
  });
});

describe("connect", () => {
  it("returns a connected socket, passes Node's errors, and times out", async () => {
    const { port: openPort, open } = await web((_req, res) => res.end());
    const socket = await open.connect("127.0.0.2", openPort);
    expect(socket.readyState).toBe("open");
    socket.destroy();
    await expect(open.connect("127.0.0.2", 1)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const slow = egress({ allowPrivate: [], resolve: () => new Promise(() => undefined) });
    ends.push(slow.close);
    await expect(slow.connect("slow.example", 25, { timeoutMs: 50 })).rejects.toMatchObject({ code: "ETIMEDOUT" });
    const stopped = AbortSignal.abort(new Error("Enough"));
    await expect(open.connect("127.0.0.2", openPort, { signal: stopped })).rejects.toThrow("Enough");
  });

  it("refuses an invalid list of networks", () => {
    expect(() => egress({ allowPrivate: ["10.0.0.0/99"] })).toThrow();
    expect(() => egress({ allowPrivate: ["intranet"] })).toThrow();
  });
});
