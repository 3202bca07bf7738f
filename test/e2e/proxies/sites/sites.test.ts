import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../../../support/gateway.ts";
import { apps } from "./apps.ts";
import { type Farm, siteFarm } from "./farm.ts";
import { type Layout, layouts, unaware } from "./layouts.ts";
import { limits } from "./limits.ts";
import { echoServer, liveSites, onlyWebSocketsUpgrade, pausingUpload, siteLives, upgraded } from "./live.ts";
import { pages } from "./pages.ts";
import { hostOf, type Site } from "./site.ts";
import { type Seen, type SiteEndpoint, visit } from "./visit.ts";

const sites: readonly Site[] = [...pages, ...apps, ...limits, ...liveSites];
/** Answers of each site without the gateway, by plain HTTP and by TLS. */
const before = { plain: new Map<string, readonly Seen[]>(), tls: new Map<string, readonly Seen[]>() };

let farm: Farm;
let core: Awaited<ReturnType<typeof gateway>>;
const running = new Map<string, Layout>();
const closers: Array<() => Promise<unknown>> = [];

async function answers(site: Site, endpoint: Omit<SiteEndpoint, "host">): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const ask of site.requests) seen.push(await visit({ ...endpoint, host: hostOf(site) }, ask));
  return seen;
}

beforeAll(async () => {
  core = await gateway({ PLATFORMS: "+dummy" });
  closers.push(core.stop);
  const echo = await echoServer();
  closers.push(echo.stop);
  const address = new URL(core.url).host;
  farm = await siteFarm(sites, address, echo.address);
  closers.push(farm.stop);
  for (const [name, start] of [...Object.entries(layouts), ...Object.entries(unaware).map(unawareOf)]) {
    const layout = await start(farm, address);
    running.set(name, layout);
    closers.push(layout.stop);
  }
  const endpoint = { plain: { port: farm.direct }, tls: { port: farm.directTls, ca: farm.tls.cert } };
  for (const kind of ["plain", "tls"] as const)
    await Promise.all(sites.map(async (site) => before[kind].set(site.name, await answers(site, endpoint[kind]))));
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

const layoutOf = (name: string) => running.get(name) as Layout;
function unawareOf<T>([name, start]: readonly [string, T]): [string, T] {
  return [`unaware ${name}`, start];
}

describe("Before, Apache itself", () => {
  it("takes an h2c upgrade, which a proxy must not hand on", async () => {
    expect(await upgraded({ port: farm.direct, host: "static.example" }, "h2c")).toMatch(/^HTTP\/1\.1 101/);
  });
});

describe.each(Object.keys(layouts))("Through %s", (name) => {
  const layout = () => layoutOf(name);

  it.concurrent.each(sites.map((site) => [site.name, site] as const))("%s answers as without it", async (_, site) => {
    const expected = before[layout().ca === undefined ? "plain" : "tls"].get(site.name) ?? [];
    const after = await answers(site, layout());
    for (const [n, ask] of site.requests.entries())
      expect(after[n], `${ask.method ?? "GET"} ${ask.path}`).toEqual(expected[n]);
  });

  // By name the gateway has its own.
  const withGateway =
    name === "HAProxy by name"
      ? []
      : name === "HAProxy by Upgrade with TLS"
        ? ["static"]
        : sites.map((site) => site.name);
  it.concurrent.each(withGateway)("%s has the gateway beside it, whatever its own rules are", async (site) => {
    const endpoint = { ...layout(), host: hostOf({ name: site }) };
    expect(await visit(endpoint, { path: "/gateway/healthz" })).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    const stranger = await visit(endpoint, { path: "/gateway/activities/a%2Fb" });
    expect(stranger).toMatchObject({ status: 401, body: expect.stringContaining('"code":"unauthenticated"') });
    expect(stranger.headers).toContain("cache-control: no-store");
    expect(stranger.headers).toContain("content-type: application/problem+json");
    for (const path of ["/gateway/metrics", "/gateway/METRICS"])
      expect((await visit(endpoint, { path })).status).toBe(404);
  });

  siteLives(layout);
  // Alone, Apache takes h2c as it did before: by its own rules, which hold inside as well.
  if (!name.startsWith("Apache")) onlyWebSocketsUpgrade(layout);
});

describe("Through every layout at once", () => {
  it("a slow front page comes, and an upload may pause", { timeout: 60_000 }, async () => {
    const all = Object.keys(layouts).map(async (name) => {
      const [page, upload] = [
        visit({ ...layoutOf(name), host: "slow.example" }, { path: "/" }),
        pausingUpload(layoutOf(name)),
      ];
      return [name, (await page).body, await upload];
    });
    expect(await Promise.all(all)).toEqual(Object.keys(layouts).map((name) => [name, "At last", "200 200000"]));
  });
});

describe.each(Object.keys(layouts).filter((name) => /nginx|HAProxy/.test(name) && /TLS/.test(name)))("%s", (name) => {
  it("leads plain HTTP on, keys and all", async () => {
    const { plain = 0 } = layoutOf(name);
    for (const path of ["/", "/gateway/events?a=b%20c"]) {
      const { status, headers } = await visit({ port: plain, host: "static.example" }, { path });
      expect(status).toBe(308);
      expect(headers).toContain(`location: https://static.example${path}`);
    }
  });
});

describe.each(Object.keys(unaware))("%s with TLS before a server that never heard of it", (name) => {
  it("leads its redirects on by TLS, and no others", async () => {
    const endpoint = { ...layoutOf(`unaware ${name}`), host: "redirects.example" };
    const location = async (path: string) =>
      (await visit(endpoint, { path })).headers.find((one) => one.startsWith("location"));
    expect(await location("/dir")).toBe("location: https://redirects.example/dir/");
    expect(await location("/own.php")).toBe("location: https://redirects.example/dir/?a=b%20c");
    expect(await location("/other.php")).toBe("location: http://elsewhere.example/dir/");
    expect(await location("/likely.php")).toBe("location: http://redirects.example.evil.example/");
    expect(await location("/relative.php")).toBe("location: dir/?x=1");
  });

  it("tells PHP the scheme and the port", async () => {
    const { body } = await visit({ ...layoutOf(`unaware ${name}`), host: "php.example" }, { path: "/" });
    expect(JSON.parse(body)).toMatchObject({ server: { HTTPS: "on", REQUEST_SCHEME: "https", SERVER_PORT: "443" } });
  });
});
