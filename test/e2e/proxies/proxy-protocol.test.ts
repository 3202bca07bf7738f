import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended } from "../../support/dovecot.ts";
import { freePort, listening } from "../../support/free-port.ts";
import { testHaproxy } from "../../support/haproxy.ts";
import { testNginx } from "../../support/nginx.ts";
import { webServer } from "../../support/web-server.ts";

const BALANCER = "127.0.0.1";
const VISITOR = "127.0.0.2";
const STRANGER = "127.0.0.3";
const FORGED = "203.0.113.9";

interface Edge {
  readonly port: number;
  readonly checked: string;
  readonly stop: () => Promise<void>;
}

async function nginxEdge(gateway: string): Promise<Edge> {
  const port = await freePort();
  const variables = {
    GATEWAY_ADDR: gateway,
    HTTP_LISTEN: `127.0.0.1:${port} proxy_protocol`,
    PROXY_PROTOCOL_FROM: `192.0.2.0/24;\n    set_real_ip_from ${BALANCER}/32`,
    NGINX_REAL_IP_HEADER: "proxy_protocol",
  };
  return testNginx({ layout: "site", port, variables });
}

const haproxyEdge = (gateway: string): Promise<Edge> =>
  testHaproxy("uri", { GATEWAY_ADDR: gateway, PROXY_PROTOCOL_FROM: `192.0.2.0/24 ${BALANCER}/32` });

/** A load balancer that passes connections on and says by PROXY protocol whose they are. */
async function balancer(edge: number) {
  const dir = await mkdtemp(join(tmpdir(), "dgm-balancer-"));
  const port = await freePort();
  const lines = [
    "defaults",
    "  mode tcp",
    "  timeout connect 2s",
    "  timeout client 30s",
    "  timeout server 30s",
    "listen balancer",
    `  bind 127.0.0.1:${port}`,
    `  server edge 127.0.0.1:${edge} send-proxy-v2`,
  ];
  await writeFile(join(dir, "balancer.cfg"), `${lines.join("\n")}\n`);
  const env = { PATH: `${process.env.PATH}:/usr/sbin` };
  const child = spawn("haproxy", ["-db", "-f", join(dir, "balancer.cfg")], { stdio: "ignore", env });
  await listening(port);
  return {
    port,
    stop: async () => {
      await ended(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The address that the gateway is told, for a visitor who comes from here. */
function seenAs(port: number, from: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(
      { host: "127.0.0.1", port, localAddress: from, path: "/gateway/who", headers: { "X-Forwarded-For": FORGED } },
      (response) => resolve(text(response)),
    );
    request.once("error", reject);
  });
}

/** Sends a PROXY header of one's own and a request; answers all that comes back. */
function forge(port: number, from: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, localAddress: from });
    socket.once("error", reject);
    socket.write(`PROXY TCP4 ${FORGED} 127.0.0.1 40000 80\r\n`);
    socket.write("GET /gateway/who HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
    resolve(text(socket));
  });
}

describe.each([
  ["nginx", nginxEdge],
  ["HAProxy", haproxyEdge],
] as const)("%s behind a load balancer with PROXY protocol", (name, start) => {
  let edge: Edge;
  let front: Awaited<ReturnType<typeof balancer>>;
  let gateway: Awaited<ReturnType<typeof webServer>>;
  beforeAll(async () => {
    gateway = await webServer((_path, headers) => ({ body: String(headers["x-forwarded-for"]) }));
    edge = await start(`127.0.0.1:${gateway.port}`);
    front = await balancer(edge.port);
  });
  afterAll(async () => {
    await front?.stop();
    await edge?.stop();
    await gateway?.stop();
  });

  it("tells the gateway the visitor's address, whatever the visitor says", async () => {
    expect(edge.checked).not.toMatch(/warn/i);
    expect(await seenAs(front.port, VISITOR)).toBe(VISITOR);
  });

  it("believes no PROXY header of anybody else", async () => {
    const answer = await forge(edge.port, STRANGER);
    expect(answer).not.toContain(FORGED);
    if (name === "HAProxy") expect(answer).toMatch(/^HTTP\/1\.[01] 400 /);
    else expect(answer).toMatch(/\r\n\r\n(?:[0-9a-f]+\r\n)?127\.0\.0\.3/);
  });
});

it("HAProxy serves those who come past the load balancer by their own address", async () => {
  const gateway = await webServer((_path, headers) => ({ body: String(headers["x-forwarded-for"]) }));
  const edge = await haproxyEdge(`127.0.0.1:${gateway.port}`);
  try {
    expect(await seenAs(edge.port, STRANGER)).toBe(STRANGER);
  } finally {
    await edge.stop();
    await gateway.stop();
  }
});
