import { describe, expect, it } from "vitest";
import { type ApacheSettings, testApache } from "../../support/apache.ts";
import { freePort } from "../../support/free-port.ts";
import { testHaproxy } from "../../support/haproxy.ts";
import { testNginx } from "../../support/nginx.ts";
import { proxyRequest } from "../../support/proxy-client.ts";
import {
  activity,
  type Behind,
  edgeOf,
  handshakesAreRefused,
  IDLE,
  MAX_BODY,
  phpKnowsVisitors,
  post,
  quietStreamsLive,
  requestsPass,
  siteIsUnchanged,
  socketsPass,
  streamsPass,
} from "./contract.ts";
import { foreignOriginsGetNothing, uploadsPass } from "./contract-limits.ts";

const HOST = "shop.example";

function start(settings: Partial<ApacheSettings> = {}) {
  return async ({ gateway }: Behind) => {
    const variables = {
      GATEWAY_ADDR: gateway,
      GATEWAY_READ_TIMEOUT: String(Number.parseInt(IDLE, 10)),
      GATEWAY_MAX_BODY: String(MAX_BODY),
    };
    const apache = await testApache({ layout: "site-front", ...settings, variables });
    return { ...apache, host: HOST, ...(settings.tls === true ? { ca: apache.tls.cert } : {}) };
  };
}

/** Common setup of a site: Apache with PHP-FPM on a separate port. */
const lamp = () => testApache({ layout: "site-8080" });

describe.each([false, true])("Apache alone, TLS %s", (tls) => {
  const { edge, front } = edgeOf(start({ tls }));

  it("has files that pass apache2 -t", () => {
    expect(front().checked.trim()).toBe("Syntax OK");
  });
  requestsPass(edge);
  streamsPass(edge);
  streamsPass(edge, "/notify");
  quietStreamsLive(edge);
  socketsPass(edge);
  socketsPass(edge, "/notify");
  handshakesAreRefused(edge);
  foreignOriginsGetNothing(edge);
  uploadsPass(edge);
  siteIsUnchanged(edge);
  phpKnowsVisitors(edge);

  it("keeps query strings, which carry tickets, out of its log", async () => {
    await proxyRequest(edge(), "/gateway/events?ticket=very-secret", { headers: { Authorization: "" } });
    await post(edge());
    const log = await front().log?.("access");
    expect(log).toContain('"GET /gateway/events HTTP/1.1"');
    expect(log).not.toContain("very-secret");
  });
});

describe("Apache without a gateway", () => {
  const { edge } = edgeOf(async (behind) => start()({ ...behind, gateway: `127.0.0.1:${await freePort()}` }));

  it("answers as the gateway would, and keeps its error pages for the site", async () => {
    const polled = await proxyRequest(edge(), "/gateway/events", { headers: { Accept: "application/json" } });
    const posted = await proxyRequest(edge(), "/gateway/activities", {
      method: "POST",
      body: JSON.stringify(activity()),
    });
    for (const { status, headers, text } of [polled, posted]) {
      expect({ status, type: headers["content-type"] }).toEqual({ status: 503, type: "application/problem+json" });
      expect(JSON.parse(text)).toMatchObject({ code: "overloaded", status: 503 });
      expect(headers["retry-after"]).toBe("2");
    }
    expect((await proxyRequest(edge(), "/.htaccess")).headers["content-type"]).toMatch(/^text\/html/);
  });
});

describe("nginx, then Apache with PHP", () => {
  const { edge } = edgeOf(async ({ gateway, site }) => {
    const nginx = await testNginx({ layout: "site-tls", variables: { GATEWAY_ADDR: gateway, SITE_ADDR: site } });
    return { ...nginx, port: nginx.tlsPort, ca: nginx.tls.cert, host: HOST };
  }, lamp);
  streamsPass(edge);
  siteIsUnchanged(edge);
  phpKnowsVisitors(edge);
});

describe("HAProxy, then nginx, then Apache with PHP", () => {
  const { edge } = edgeOf(async ({ gateway, site }) => {
    const front = { GATEWAY_ADDR: gateway, SITE_ADDR: site, NGINX_FRONT: "127.0.0.1/32" };
    const nginx = await testNginx({ layout: "site", variables: front });
    const address = `127.0.0.1:${nginx.port}`;
    const haproxy = await testHaproxy("uri", { GATEWAY_ADDR: address, SITE_ADDR: address }, { tls: true });
    return {
      ...haproxy,
      port: haproxy.tlsPort,
      ca: haproxy.tls.cert,
      host: HOST,
      stop: async () => {
        await haproxy.stop();
        await nginx.stop();
      },
    };
  }, lamp);
  streamsPass(edge);
  socketsPass(edge, "/notify");
  siteIsUnchanged(edge);
  phpKnowsVisitors(edge);
});
