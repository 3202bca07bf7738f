import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testApache } from "../../support/apache.ts";
import { gateway } from "../../support/gateway.ts";
import { testHaproxy } from "../../support/haproxy.ts";
import { lampSite, type Mirror } from "../../support/lamp-site.ts";
import { testNginx } from "../../support/nginx.ts";
import { openSocket, openStream, type ProxyTarget, proxyRequest } from "../../support/proxy-client.ts";
import { activity } from "./contract.ts";

interface Deployment {
  /** HOST of the gateway: a socket below this folder, or loopback. */
  readonly host: (dir: string) => string;
  readonly basePath: string;
  readonly front: (
    gateway: string,
    site: string,
  ) => Promise<{ readonly port: number; readonly stop: () => Promise<void> }>;
  readonly name: string;
}

const SOCKET = (dir: string) => `unix:${dir}/gateway.sock`;
const PREFIX = "/talk/v1.0";
const paths = { GATEWAY_PATH: PREFIX, GATEWAY_STREAM_PATH: `${PREFIX}/events` };
const inHaproxy = (address: string) => address.replace("unix:", "unix@");

const deployments: Readonly<Record<string, Deployment>> = {
  "nginx, a socket and another prefix": {
    host: SOCKET,
    basePath: PREFIX,
    name: "shop.example",
    front: (gateway, site) =>
      testNginx({ layout: "site", variables: { ...paths, GATEWAY_ADDR: gateway, SITE_ADDR: site } }),
  },
  "nginx, a name of its own, a socket and another prefix": {
    host: SOCKET,
    basePath: PREFIX,
    name: "ws.example.com",
    front: (gateway) => testNginx({ layout: "ws-subdomain", variables: { ...paths, GATEWAY_ADDR: gateway } }),
  },
  "HAProxy by path, a socket and another prefix": {
    host: SOCKET,
    basePath: PREFIX,
    name: "shop.example",
    front: (gateway, site) => testHaproxy("uri", { ...paths, GATEWAY_ADDR: inHaproxy(gateway), SITE_ADDR: site }),
  },
  "HAProxy by the Upgrade header, another prefix": {
    host: () => "127.0.0.1",
    basePath: PREFIX,
    name: "example.com",
    front: (gateway, site) => testHaproxy("upgrade", { ...paths, GATEWAY_ADDR: gateway, SITE_ADDR: site }),
  },
  "HAProxy by name, a socket and no prefix": {
    host: SOCKET,
    basePath: "",
    name: "ws.example.com",
    front: (gateway, site) =>
      testHaproxy("subdomain", {
        GATEWAY_PATH: "",
        GATEWAY_STREAM_PATH: "/events",
        GATEWAY_ADDR: inHaproxy(gateway),
        SITE_ADDR: site,
      }),
  },
  "Apache, another prefix": {
    host: () => "127.0.0.1",
    basePath: PREFIX,
    name: "shop.example",
    front: (gateway) =>
      testApache({ layout: "site-front", variables: { GATEWAY_ADDR: gateway, GATEWAY_PATH: PREFIX } }),
  },
};

describe.each(Object.entries(deployments))("The gateway behind %s", (_title, { host, basePath, front, name }) => {
  const closers: Array<() => Promise<unknown>> = [];
  let edge: ProxyTarget;
  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), "dgm-paths-"));
    closers.push(() => rm(dir, { recursive: true, force: true }));
    const core = await gateway({ HOST: host(dir), BASE_PATH: basePath, PLATFORMS: "+dummy" });
    closers.push(core.stop);
    const site = await lampSite();
    closers.push(site.stop);
    const address = core.url.startsWith("unix:") ? core.url : new URL(core.url).host;
    const { port, stop } = await front(address, site.address);
    closers.push(stop);
    edge = { port, host: name, key: await core.keyOf("paths") };
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  const take = (headers: Readonly<Record<string, string>> = {}) =>
    proxyRequest(edge, `${basePath}/activities`, { method: "POST", body: JSON.stringify(activity()), headers });

  it("returns links with its public address", async () => {
    const { status, headers, text } = await take();
    expect(status, text).toBe(202);
    const { href, rid } = JSON.parse(text) as { readonly href: string; readonly rid: string };
    expect(href).toBe(`${basePath}/activities/${rid}`);
    expect(headers.location).toBe(href);
    expect(JSON.parse((await proxyRequest(edge, href)).text)).toMatchObject({ rid });
  });

  it("serves its OpenAPI document with its public address", async () => {
    const { status, text } = await proxyRequest(edge, `${basePath}/openapi.json`);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ servers: [{ url: basePath || "/" }] });
    expect((await proxyRequest(edge, `${basePath}/try`)).status).toBe(200);
    if (basePath !== "") expect((await proxyRequest(edge, `${basePath}/`)).headers.location).toBe(`${basePath}/try`);
    expect((await proxyRequest(edge, `${basePath}/client.js`)).headers["content-type"]).toContain("text/javascript");
  });

  it("serves streams and sockets, also by the short path", async () => {
    for (const path of [`${basePath}/events`, "/notify"]) {
      const listener = await openStream(edge, path);
      await listener.until(() => listener.events.length > 0);
      const { rid } = JSON.parse((await take()).text) as { readonly rid: string };
      await listener.result(rid);
      listener.close();
    }
    for (const path of [`${basePath}/socket`, "/notify"]) {
      const ws = await openSocket(edge, path);
      const submitted = activity();
      ws.send(submitted);
      await ws.until("result", submitted.rid);
      ws.close();
    }
  });

  it("limits cookies to its path", async () => {
    const created = await proxyRequest(edge, `${basePath}/tokens`, { method: "POST", body: '{"ticket":true}' });
    const { token } = JSON.parse(created.text) as { readonly token: string };
    const opened = await openStream(edge, `${basePath}/events?ticket=${token}`, { Authorization: "" });
    expect(opened.status).toBe(200);
    const [cookie = ""] = opened.headers["set-cookie"] ?? [];
    expect(/; Path=([^;]*)/.exec(cookie)?.[1]).toBe(basePath || "/");
    opened.close();
  });

  it("knows the visitor's address, and hides its metrics from visitors", async () => {
    const wrong = (from: string) =>
      proxyRequest(edge, `${basePath}/activities/none`, { from, headers: { Authorization: "Bearer dgm_wrong" } });
    const statuses: number[] = [];
    for (let n = 0; n < 21; n++) statuses.push((await wrong("127.0.0.2")).status);
    expect(statuses).toEqual([...Array<number>(20).fill(401), 429]);
    expect((await wrong("127.0.0.3")).status).toBe(401);
    expect((await proxyRequest(edge, `${basePath}/metrics`)).status).toBe(404);
  });

  it("answers 404 outside its base path", async () => {
    for (const path of ["/gateway/platforms", `${basePath || "/nowhere"}x/platforms`]) {
      const { status, text } = await proxyRequest(edge, path);
      const atSite = status === 200 && (JSON.parse(text) as Mirror).path === path;
      expect(atSite || status === 404, path).toBe(true);
    }
  });
});
