import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { testApache } from "../../support/apache.ts";
import { testHaproxy } from "../../support/haproxy.ts";
import { testNginx } from "../../support/nginx.ts";
import { type ProxyTarget, proxyRequest } from "../../support/proxy-client.ts";
import { activity, type Behind, edgeOf, type Front } from "./contract.ts";

const HOST = "shop.example";

const fronts: Readonly<Record<string, (behind: Behind) => Promise<Front>>> = {
  nginx: async ({ gateway, site }) => ({
    ...(await testNginx({ layout: "site", variables: { GATEWAY_ADDR: gateway, SITE_ADDR: site } })),
    host: HOST,
  }),
  HAProxy: async ({ gateway, site }) => ({
    ...(await testHaproxy("uri", { GATEWAY_ADDR: gateway, SITE_ADDR: site })),
    host: HOST,
  }),
  Apache: async ({ gateway }) => ({
    ...(await testApache({ layout: "site-front", variables: { GATEWAY_ADDR: gateway } })),
    host: HOST,
  }),
};

/** Spellings of a path on which a careless pair of proxy and server disagrees. */
const TRICKS = [
  "/gateway/metrics",
  "//gateway/metrics",
  "/gateway//metrics",
  "/gateway/./metrics",
  "/gateway/x/../metrics",
  "/gateway/%2e%2e/gateway/metrics",
  "/gateway%2Fmetrics",
  "/gateway/%6detrics",
  "/gateway/metrics%00",
  "/gateway/metrics;a=b",
  "/gateway/metrics%3Fx",
  "/gateway/\\..\\metrics",
  "/x/..;/gateway/metrics",
  "/notify/../gateway/metrics",
  "/../../gateway/metrics",
];

/** Sends only these bytes. Resolves with all received text when the other side closes. */
function exchange(edge: ProxyTarget, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(edge.port, "127.0.0.1", () => socket.write(bytes));
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(received));
  });
}

/** Statuses of the status lines in a text. */
const statuses = (text: string) => [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status));

// Each of the three waits 20 s for its time-outs.
describe.concurrent.each(Object.keys(fronts))("Hostile clients of %s", (name) => {
  const { edge } = edgeOf(fronts[name] as (behind: Behind) => Promise<Front>);

  it.each(TRICKS)("reach no protected route by %s", async (path) => {
    const { status, text } = await proxyRequest(edge(), path);
    expect(text).not.toContain("dragoman_");
    expect(status).toBeLessThan(500);
  });

  it("are disconnected when they send a head or a body too slowly", { timeout: 90_000 }, async () => {
    const { key } = edge();
    const head = `GET /gateway/platforms HTTP/1.1\r\nHost: ${HOST}\r\nX-Slow: `;
    const body = `POST /gateway/activities HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"rid":"slow",`;
    const [slowHead, slowBody] = await Promise.all([exchange(edge(), head), exchange(edge(), body)]);
    // Some say why, some only hang up.
    for (const text of [slowHead, slowBody]) expect(statuses(text).filter((status) => status !== 408)).toEqual([]);
    expect((await proxyRequest(edge(), "/gateway/activities/slow")).status).toBe(404);
    expect((await proxyRequest(edge(), "/gateway/platforms")).status).toBe(200);
  });

  it("smuggle no second request in the body of the first", async () => {
    const { key } = edge();
    const rid = `smuggled-${name}`;
    const inner = JSON.stringify(activity(rid));
    const smuggled = `POST /gateway/activities HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`;
    const outer = (framing: string, content: string) =>
      `POST /gateway/activities HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nContent-Type: application/json\r\n${framing}\r\n\r\n${content}`;
    const chunked = `0\r\n\r\n${smuggled}`;
    const tries = [
      outer(`Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked`, chunked),
      outer(`Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: ${chunked.length}`, chunked),
      outer(`Content-Length: 0\r\nContent-Length: ${smuggled.length}`, smuggled),
      outer(`Transfer-Encoding: xchunked\r\nContent-Length: ${smuggled.length}`, smuggled),
    ];
    for (const bytes of tries) expect(statuses(await exchange(edge(), bytes)).length).toBeLessThanOrEqual(1);
    expect((await proxyRequest(edge(), `/gateway/activities/${rid}`)).status).toBe(404);
  });
});
