import { describe, expect, it } from "vitest";
import type { HAPROXY_ROUTINGS } from "../../../src/cli/proxy-files.ts";
import { freePort } from "../../support/free-port.ts";
import { testHaproxy } from "../../support/haproxy.ts";
import type { Mirror } from "../../support/lamp-site.ts";
import { testNginx } from "../../support/nginx.ts";
import { openSocket, openStream, proxyRequest } from "../../support/proxy-client.ts";
import {
  activity,
  awayIsSaid,
  type Behind,
  edgeOf,
  handshakesAreRefused,
  IDLE,
  MAX_BODY,
  quietStreamsLive,
  requestsPass,
  sitePasses,
  socketsPass,
  streamsPass,
} from "./contract.ts";
import { foreignOriginsGetNothing } from "./contract-limits.ts";

const HOST = "shop.example";

function start(
  routing: (typeof HAPROXY_ROUTINGS)[number],
  { tls = false, host = HOST, variables = {} as Readonly<Record<string, string>> } = {},
) {
  return async ({ gateway, site }: Behind) => {
    const all = {
      GATEWAY_ADDR: gateway,
      SITE_ADDR: site,
      GATEWAY_READ_TIMEOUT: IDLE,
      GATEWAY_MAX_BODY: String(MAX_BODY),
      GATEWAY_HOST: host,
      ...variables,
    };
    const haproxy = await testHaproxy(routing, all, { tls });
    return { ...haproxy, port: tls ? haproxy.tlsPort : haproxy.port, ...(tls ? { ca: haproxy.tls.cert } : {}), host };
  };
}

function noWarnings(front: () => { readonly checked: string }): void {
  it("has files that pass haproxy -c", () => {
    expect(front().checked).toContain("Configuration file is valid");
    expect(front().checked).not.toMatch(/\[(WARNING|ALERT)\]/);
  });
}

describe.each([
  ["uri", false],
  ["uri", true],
  ["upgrade", false],
  ["upgrade", true],
] as const)("HAProxy, routing %s, TLS %s", (routing, tls) => {
  const { edge, front } = edgeOf(start(routing, { tls }));
  noWarnings(front);
  requestsPass(edge);
  streamsPass(edge);
  streamsPass(edge, "/notify");
  quietStreamsLive(edge);
  socketsPass(edge);
  socketsPass(edge, "/notify");
  handshakesAreRefused(edge);
  foreignOriginsGetNothing(edge);
  sitePasses(edge);
});

describe("HAProxy, routing upgrade", () => {
  const { edge } = edgeOf(start("upgrade"));
  socketsPass(edge, "/any/path.php");

  it("routes WebSockets of that host name only, in any case and with any port", async () => {
    for (const host of ["SHOP.example", `${HOST}:8443`]) {
      const ws = await openSocket({ ...edge(), host }, "/chat");
      const submitted = activity();
      ws.send(submitted);
      await ws.until("result", submitted.rid);
      ws.close();
    }
    await expect(openSocket({ ...edge(), host: `evil${HOST}` }, "/chat")).rejects.toThrow("200");
  });
});

describe.each([false, true])("HAProxy, routing subdomain, TLS %s", (tls) => {
  const { edge, front } = edgeOf(start("subdomain", { tls, host: "ws.example.com" }));
  noWarnings(front);
  requestsPass(edge);
  streamsPass(edge);
  streamsPass(edge, "/");
  quietStreamsLive(edge);
  socketsPass(edge);
  socketsPass(edge, "/");
  handshakesAreRefused(edge);
  foreignOriginsGetNothing(edge);

  it("routes every other host name to the site", async () => {
    for (const host of ["evilws.example.com", "ws.example.com.evil.example", "example.com"]) {
      const { text } = await proxyRequest({ ...edge(), host }, "/gateway/platforms");
      expect((JSON.parse(text) as Mirror).headers.host, host).toBe(host);
    }
    for (const host of ["WS.example.com", "ws.example.com:8443"]) {
      expect((await proxyRequest({ ...edge(), host }, "/gateway/platforms")).status, host).toBe(200);
      expect((await proxyRequest({ ...edge(), host }, "/index.php")).status, host).toBe(404);
    }
  });
});

describe("HAProxy without a gateway", () => {
  const { edge } = edgeOf(async (behind) => start("uri")({ ...behind, gateway: `127.0.0.1:${await freePort()}` }));
  awayIsSaid(edge);
});

describe("HAProxy, then nginx, then the site", () => {
  const { edge } = edgeOf(async (behind) => {
    const nginx = await testNginx({
      layout: "site",
      variables: { GATEWAY_ADDR: behind.gateway, SITE_ADDR: behind.site, NGINX_FRONT: "127.0.0.1/32" },
    });
    // Everything goes through nginx, which has the gateway beside the site.
    const address = `127.0.0.1:${nginx.port}`;
    const front = await start("uri", { tls: true })({ gateway: address, site: address });
    return {
      ...front,
      stop: async () => {
        await front.stop();
        await nginx.stop();
      },
    };
  });
  requestsPass(edge);
  streamsPass(edge);
  quietStreamsLive(edge);
  socketsPass(edge, "/notify");
  handshakesAreRefused(edge);
  foreignOriginsGetNothing(edge);
  sitePasses(edge);
});

describe("HAProxy at its limits per address", () => {
  const { edge } = edgeOf(start("uri", { variables: { GATEWAY_CONNS: "1" } }));

  it("refuses too many open requests of one address as the gateway would", async () => {
    const open = await openStream(edge(), "/gateway/events");
    await open.until(() => open.events.length > 0);
    const refused = await proxyRequest(edge(), "/gateway/platforms");
    expect(refused.status).toBe(429);
    expect(refused.headers["retry-after"]).toBe("2");
    expect(JSON.parse(refused.text)).toMatchObject({ code: "rate-limited" });
    expect((await proxyRequest(edge(), "/gateway/platforms", { from: "127.0.0.2" })).status).toBe(200);
    open.close();
  });
});
