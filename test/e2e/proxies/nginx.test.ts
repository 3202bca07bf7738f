import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NginxLayout, nginxNodes } from "../../../src/cli/proxy-files.ts";
import { freePort } from "../../support/free-port.ts";
import { type NginxSettings, testNginx } from "../../support/nginx.ts";
import { openStream, proxyRequest } from "../../support/proxy-client.ts";
import {
  awayIsSaid,
  type Behind,
  edgeOf,
  handshakesAreRefused,
  IDLE,
  MAX_BODY,
  post,
  quietStreamsLive,
  requestsPass,
  sitePasses,
  socketsPass,
  streamsPass,
} from "./contract.ts";
import { foreignOriginsGetNothing, uploadsPass } from "./contract-limits.ts";

/** Site settings that harm streams most: every response is compressed. */
const GZIP = "gzip on; gzip_min_length 1; gzip_proxied any; gzip_types text/event-stream application/json text/css;";

/** Without the gateway's own X-Accel-Buffering the files must do by themselves. */
function unkind(text: string, path: string): string {
  return path === "snippets/gateway-proxy.conf" ? `${text}\nproxy_ignore_headers X-Accel-Buffering;\n` : text;
}

function start(layout: NginxLayout, settings: Partial<NginxSettings> = {}) {
  return async ({ gateway, site }: Behind) => {
    const nginx = await testNginx({
      layout,
      http: GZIP,
      alter: unkind,
      ...settings,
      variables: {
        GATEWAY_ADDR: gateway,
        SITE_ADDR: site,
        GATEWAY_READ_TIMEOUT: IDLE,
        GATEWAY_MAX_BODY: String(MAX_BODY),
        ...settings.variables,
      },
    });
    const tls = layout === "site-tls";
    return {
      ...nginx,
      port: tls ? nginx.tlsPort : nginx.port,
      ...(tls ? { ca: nginx.tls.cert } : {}),
      host: layout === "ws-subdomain" ? "ws.example.com" : "shop.example",
    };
  };
}

function noWarnings(front: () => { readonly checked: string }): void {
  it("has files that pass nginx -t", () => {
    expect(front().checked).toContain("syntax is ok");
    expect(front().checked).not.toMatch(/\[(warn|error|crit|alert|emerg)\]/);
  });
}

describe.each(["site", "site-tls"] as const)("nginx, %s", (layout) => {
  const { edge, front } = edgeOf(start(layout));
  noWarnings(front);
  requestsPass(edge);
  streamsPass(edge);
  streamsPass(edge, "/notify");
  quietStreamsLive(edge);
  socketsPass(edge);
  socketsPass(edge, "/notify");
  handshakesAreRefused(edge);
  foreignOriginsGetNothing(edge);
  uploadsPass(edge);
  sitePasses(edge);
});

describe("nginx, ws-subdomain", () => {
  const { edge, front } = edgeOf(start("ws-subdomain"));
  noWarnings(front);
  requestsPass(edge);
  streamsPass(edge, "/");
  quietStreamsLive(edge);
  socketsPass(edge, "/");
  handshakesAreRefused(edge);
  foreignOriginsGetNothing(edge);

  it("serves nothing else on that host name", async () => {
    expect((await proxyRequest(edge(), "/index.php")).status).toBe(404);
  });
});

describe("nginx with HTTP/1.0 to the gateway", () => {
  const alter = (text: string, path: string) =>
    unkind(text, path).replace("proxy_http_version 1.1;", "proxy_http_version 1.0;");
  streamsPass(edgeOf(start("site", { alter })).edge);
});

describe("nginx without a gateway", () => {
  const { edge } = edgeOf(async (behind) => start("site")({ ...behind, gateway: `127.0.0.1:${await freePort()}` }));
  awayIsSaid(edge);
});

describe("nginx with two nodes that were both down", () => {
  const nodes: number[] = [];
  let gateway = "";
  const { edge } = edgeOf(async (behind) => {
    gateway = behind.gateway;
    nodes.push(await freePort(), await freePort());
    const group = nginxNodes(
      nodes.map((port) => `127.0.0.1:${port}`),
      "gateway",
    );
    return start("site")({ ...behind, gateway: group });
  });

  it("uses the first recovered node at once in spite of reconnecting streams", async () => {
    for (let n = 0; n < 8; n++) expect((await proxyRequest(edge(), "/gateway/platforms")).status).toBe(503);
    const [host, port] = gateway.split(":");
    const back = createServer((visitor) => {
      const onward = connect({ host, port: Number(port) });
      visitor.pipe(onward).pipe(visitor);
      for (const socket of [visitor, onward]) socket.on("error", () => visitor.destroy());
    });
    await once(back.listen(nodes[1], "127.0.0.1"), "listening");
    const open = await openStream(edge(), "/gateway/events");
    await open.until(() => open.events.some(({ event }) => event === "ready"));
    expect((await proxyRequest(edge(), "/gateway/platforms")).status).toBe(200);
    open.close();
    back.close();
  });
});

describe("nginx with plain assets on its disk", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "dgm-root-"));
    await writeFile(join(root, "shop.css"), "p { color: red }");
    await writeFile(join(root, "config.php"), "<?php $password = 'secret';");
    await writeFile(join(root, ".htpasswd.css"), "secret");
  });
  afterAll(() => rm(root, { recursive: true, force: true }));
  const { edge, front } = edgeOf((behind) => start("site", { variables: { SITE_ROOT: root } })(behind));

  it("serves assets itself, and never the source of a script", async () => {
    const css = await proxyRequest(edge(), "/shop.css");
    expect(css).toMatchObject({ status: 200, text: "p { color: red }" });
    expect(css.headers["cache-control"]).toBe("max-age=2592000");
    for (const path of ["/config.php", "/.htpasswd.css", "/made-by-a-script.css"]) {
      const answer = await proxyRequest(edge(), path);
      expect(JSON.parse(answer.text), path).toMatchObject({ path });
    }
  });

  it("keeps query strings, which carry tickets, out of its logs", async () => {
    await proxyRequest(edge(), "/gateway/events?ticket=very-secret", { headers: { Authorization: "" } });
    await post(edge());
    const log = await front().log?.("gateway");
    expect(log).toContain("GET /gateway/events HTTP/1.1");
    expect(log).not.toContain("very-secret");
  });
});

describe("nginx at its limits per address", () => {
  const { edge } = edgeOf(start("site", { variables: { GATEWAY_RATE: "1r/m", GATEWAY_BURST: "1" } }));

  it("refuses too many requests of one address as the gateway would", async () => {
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push(await proxyRequest(edge(), "/gateway/platforms", { from: "127.0.0.2" }));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(statuses[2]?.headers["retry-after"]).toBe("2");
    expect(JSON.parse(statuses[2]?.text ?? "")).toMatchObject({ code: "rate-limited" });
    expect((await proxyRequest(edge(), "/gateway/platforms", { from: "127.0.0.3" })).status).toBe(200);
  });
});
