import { describe, expect, it } from "vitest";
import { freePort } from "../../../support/free-port.ts";
import { testNginx } from "../../../support/nginx.ts";
import { openStream, proxyRequest } from "../../../support/proxy-client.ts";
import { edgeOf, handshakesAreRefused, post, socketsPass, streamsPass } from "../contract.ts";

const HOST = "shop.example";

/** Server of the op's own with everything that could ruin the gateway's answers. */
const hostile = ({ port, dir }: { readonly port: number; readonly dir: string }) => `
proxy_cache_path ${dir}/cache keys_zone=pages:1m;
limit_req_zone $server_name zone=visits:1m rate=1r/m;
log_format whole '$request';
server {
  listen 127.0.0.1:${port};
  listen [::1]:${port};
  server_name ${HOST};
  access_log ${dir}/access.log whole;
  error_log ${dir}/error.log notice;
  include ${dir}/conf.d/snippets/gateway-locations.conf;

  auth_basic Staff;
  auth_basic_user_file ${dir}/nobody;
  proxy_cache pages;
  proxy_cache_valid any 10m;
  proxy_cache_key $uri;
  proxy_ignore_headers Cache-Control Vary Set-Cookie Expires;
  proxy_intercept_errors on;
  error_page 400 401 403 404 413 429 500 502 503 504 =200 /sorry.html;
  gzip on;
  gzip_min_length 1;
  gzip_types *;
  sub_filter_types *;
  sub_filter_once off;
  sub_filter rid ruined;
  add_header Cache-Control "public, max-age=3600" always;
  add_header X-Site yes always;
  expires 1h;
  limit_req zone=visits;
  limit_rate 200;
  ssi on;
  rewrite ^/(.*)$ /index.php?q=$1 last;
  location = /sorry.html { auth_basic off; return 200 sorry; }
  location ~ \\.js$ { return 200 "the site's own"; }
  location / { empty_gif; }
}`;

const start =
  (variables: Readonly<Record<string, string>> = {}) =>
  async ({ gateway }: { readonly gateway: string }) => ({
    ...(await testNginx({ layout: "snippets", servers: hostile, variables: { GATEWAY_ADDR: gateway, ...variables } })),
    host: HOST,
  });

/** Nothing that one visitor may see is in what any log holds. */
async function keepsTickets(front: { readonly log?: (name: "access" | "error" | "gateway") => Promise<string> }) {
  for (const name of ["access", "error", "gateway"] as const)
    expect(await front.log?.(name)).not.toContain("very-secret");
}

const TICKET = "/gateway/events?ticket=very-secret";
const NOBODY = { headers: { Authorization: "" } };

describe("The snippets in a server that does everything to its site", () => {
  const { edge, front } = edgeOf(start());
  streamsPass(edge);
  streamsPass(edge, "/notify");
  socketsPass(edge);
  handshakesAreRefused(edge);

  it("keep private answers from strangers and caches", async () => {
    const rid = await post(edge());
    const path = `/gateway/activities/${rid}`;
    const own = await proxyRequest(edge(), path);
    expect([own.status, own.headers["cache-control"], own.headers["x-site"]]).toEqual([200, "no-store", undefined]);
    expect(JSON.parse(own.text)).toMatchObject({ rid });
    const stranger = await proxyRequest(edge(), path, NOBODY);
    expect([stranger.status, JSON.parse(stranger.text).code]).toEqual([401, "unauthenticated"]);
    expect((await proxyRequest(edge(), path)).status).toBe(200);
  });

  it("pass the gateway's own script and its problems", async () => {
    expect((await proxyRequest(edge(), "/gateway/client.js")).headers["content-type"]).toContain("text/javascript");
    const { status, text } = await proxyRequest(edge(), "/gateway/activities", { method: "POST", body: "{" });
    expect([status, JSON.parse(text).code]).toEqual([400, "malformed-json"]);
  });

  it("leave that server's own rules to its site", async () => {
    const page = await proxyRequest(edge(), "/", NOBODY);
    expect([page.status, page.headers["x-site"]]).toEqual([401, "yes"]);
  });

  it("keep tickets out of every log", async () => {
    await proxyRequest(edge(), TICKET, NOBODY);
    await proxyRequest(edge(), "/notify?ticket=very-secret", {
      headers: { Authorization: "", Accept: "text/event-stream" },
    });
    await keepsTickets(front());
    expect(await front().log?.("gateway")).toContain('"GET /gateway/events HTTP/1.1" 401');
  });
});

describe("The snippets while the gateway is away", () => {
  const { edge, front } = edgeOf(async () => start()({ gateway: `127.0.0.1:${await freePort()}` }));

  it("keep tickets out of every log", async () => {
    expect((await proxyRequest(edge(), TICKET, NOBODY)).status).toBe(503);
    await keepsTickets(front());
    expect(await front().log?.("gateway")).toContain('"GET /gateway/events HTTP/1.1" 503');
  });
});

describe("The snippets at their limits", () => {
  const { edge, front } = edgeOf(start({ GATEWAY_RATE: "1r/m", GATEWAY_BURST: "1" }));

  it("refuse requests, tell streams to come back, and keep tickets out of every log", async () => {
    for (let n = 0; n < 2; n++) await proxyRequest(edge(), TICKET, NOBODY);
    expect((await proxyRequest(edge(), TICKET, NOBODY)).status).toBe(429);
    const late = await openStream(edge(), TICKET);
    expect(late.status).toBe(200);
    await late.until(() => late.events.length > 0);
    expect(late.events).toMatchObject([{ event: "goodbye", data: '{"reason":"limit","reconnect":true}' }]);
    await keepsTickets(front());
  });
});
