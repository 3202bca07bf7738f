import { afterAll, beforeAll, expect, it } from "vitest";
import { gateway } from "../../support/gateway.ts";
import { lampSite, type Mirror, PAGE } from "../../support/lamp-site.ts";
import {
  openSocket,
  openStream,
  type ProxyResponse,
  type ProxyTarget,
  proxyRequest,
} from "../../support/proxy-client.ts";

/** Servers behind the proxy. */
export interface Behind {
  /** `host:port`. */
  readonly gateway: string;
  readonly site: string;
}

/** A running edge, or several in a chain. */
export interface Front {
  readonly port: number;
  readonly ca?: string;
  readonly host: string;
  /** Output of the configuration checkers. */
  readonly checked: string;
  readonly log?: (name: "access" | "error" | "gateway") => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** The proxies' idle time-out in these tests; the gateway's heartbeat is a second. */
export const IDLE = "2s";
const IDLE_MS = 2_000;
/** Size limits of the proxies in these tests, in bytes. The gateway's own limits lie on both sides. */
export const MAX_BODY = 2 * 1024 * 1024;

let count = 0;
/** An activity that the dummy network carries out at once. */
export function activity(rid = `p-${++count}`) {
  return {
    rid,
    platform: "dummy",
    verb: "echo",
    actor: { address: "alice" },
    target: { address: "bob" },
    object: { body: "Grüße" },
  };
}

/** Posts an activity and returns its rid; fails unless it was accepted. */
export async function post(edge: ProxyTarget, submitted = activity()): Promise<string> {
  const { status, text } = await proxyRequest(edge, "/gateway/activities", {
    method: "POST",
    body: JSON.stringify(submitted),
  });
  expect(status, text).toBe(202);
  return submitted.rid;
}

/** Starts gateway, site and proxy before the tests of a `describe`, and ends them afterwards. */
export function edgeOf(
  start: (behind: Behind) => Promise<Front>,
  startSite: () => Promise<{ readonly address: string; readonly stop: () => Promise<void> }> = lampSite,
): {
  readonly edge: () => ProxyTarget;
  readonly front: () => Front;
} {
  let core: Awaited<ReturnType<typeof gateway>> | undefined;
  let site: Awaited<ReturnType<typeof startSite>> | undefined;
  let front: Front | undefined;
  let key = "";
  beforeAll(async () => {
    // All of loopback is trusted, visitors from 127.0.0.2 included: an address that a proxy only appended to would be believed.
    core = await gateway({ HEARTBEAT_SECONDS: "1", PLATFORMS: "+dummy" });
    site = await startSite();
    key = await core.keyOf("edge");
    front = await start({ gateway: new URL(core.url).host, site: site.address });
  });
  afterAll(async () => {
    await front?.stop();
    await site?.stop();
    await core?.stop();
  });
  const present = (): Front => {
    if (front === undefined) throw new Error("The front has not started");
    return front;
  };
  return {
    front: present,
    edge: () => ({ port: present().port, ca: present().ca, host: present().host, key }) as ProxyTarget,
  };
}

function problem({ status, headers, text }: ProxyResponse) {
  return { status, type: headers["content-type"], code: (JSON.parse(text) as { code?: string }).code };
}

const DOCUMENT = "application/problem+json";

/** Tests the handling of requests that every proxy must have. */
export function requestsPass(edge: () => ProxyTarget): void {
  it("passes requests with bodies and the gateway's problems unchanged", async () => {
    const rid = await post(edge());
    const found = await proxyRequest(edge(), `/gateway/activities/${rid}`);
    expect(JSON.parse(found.text)).toMatchObject({ rid });

    const malformed = await proxyRequest(edge(), "/gateway/activities", { method: "POST", body: "{" });
    expect(problem(malformed)).toEqual({ status: 400, type: DOCUMENT, code: "malformed-json" });
    const invalid = await proxyRequest(edge(), "/gateway/activities", { method: "POST", body: '{"platform":"dummy"}' });
    expect(problem(invalid)).toMatchObject({ status: 422, type: DOCUMENT });
    expect(JSON.parse(invalid.text)).toHaveProperty("errors.0.pointer");
    const stranger = await proxyRequest(edge(), "/gateway/events", { headers: { Authorization: "" } });
    expect(problem(stranger)).toEqual({ status: 401, type: DOCUMENT, code: "unauthenticated" });
    expect(stranger.headers["www-authenticate"]).toContain("Bearer");
  });

  it("lets the gateway refuse large bodies, and refuses larger ones itself", async () => {
    const body = JSON.stringify({ ...activity(), object: { body: "x".repeat(1_500_000) } });
    const large = await proxyRequest(edge(), "/gateway/activities", { method: "POST", body });
    expect(problem(large)).toEqual({ status: 413, type: DOCUMENT, code: "payload-too-large" });
    expect(large.text).toContain("64 kB");
    const larger = await proxyRequest(edge(), "/gateway/activities", { method: "POST", announced: MAX_BODY + 1 });
    expect(problem(larger)).toEqual({ status: 413, type: DOCUMENT, code: "payload-too-large" });
    expect(larger.text).toContain("The proxy");
  });

  it("passes the visitor's real address, with any forged header", async () => {
    // The gateway counts wrong keys by address: a client that could forge its address could guess without end.
    const wrong = (from: string, n: number) =>
      proxyRequest(edge(), "/gateway/activities/none", {
        from,
        headers: { ...forged(n), Authorization: `Bearer dgm_wrong_${n}` },
      });
    const statuses: number[] = [];
    for (let n = 1; n <= 21; n++) statuses.push((await wrong("127.0.0.2", n)).status);
    expect(statuses).toEqual([...Array<number>(20).fill(401), 429]);
    expect((await wrong("127.0.0.3", 22)).status).toBe(401);
  });

  it("hides routes for direct callers from visitors", async () => {
    for (const path of ["/gateway/metrics", "/gateway/metrics/", "/gateway/METRICS"]) {
      expect(problem(await proxyRequest(edge(), path)), path).toMatchObject({ status: 404, type: DOCUMENT });
    }
  });
}

/** Tests that PHP sees the visitor's real address, with any forged header. */
export function phpKnowsVisitors(edge: () => ProxyTarget): void {
  it("passes the visitor's real address to PHP", async () => {
    const { text } = await proxyRequest(edge(), "/who.php", { from: "127.0.0.2", headers: forged(1) });
    expect(JSON.parse(text)).toMatchObject({ visitor: "127.0.0.2", https: edge().ca !== undefined });
  });
}

function forged(n: number): Record<string, string> {
  const address = `203.0.113.${n}`;
  return {
    "X-Forwarded-For": address,
    "X-Real-IP": address,
    Forwarded: `for=${address}`,
    "X-Forwarded-Host": "evil.example",
  };
}

/** Tests the handling of event streams that every proxy must have, at this path. */
export function streamsPass(edge: () => ProxyTarget, path = "/gateway/events"): void {
  it(`passes each event of ${path} without buffering`, async () => {
    const listener = await openStream(edge(), path);
    expect(listener.status).toBe(200);
    expect(listener.headers["content-type"]).toBe("text/event-stream");
    expect(listener.headers["content-encoding"]).toBeUndefined();
    await listener.until(() => listener.events.some(({ event }) => event === "ready"));
    const rids: string[] = [];
    for (let n = 0; n < 4; n++) {
      // The next event is posted only after this one arrived: a buffering proxy would wait for ever.
      const rid = await post(edge());
      rids.push(rid);
      await listener.result(rid);
    }
    expect(listener.results()).toEqual(rids);
    listener.close();
  });

  it(`resumes a broken stream of ${path}`, async () => {
    const first = await openStream(edge(), path);
    await first.until(() => first.events.length > 0);
    const submittedRid = await post(edge());
    await first.result(submittedRid);
    first.close();
    const missed = [await post(edge()), await post(edge())];
    const last = first.events.findLast(({ id }) => id !== undefined)?.id ?? "";
    const second = await openStream(edge(), path, { "Last-Event-ID": last });
    for (const rid of missed) await second.result(rid);
    expect(second.results()).not.toContain(submittedRid);
    expect([...second.results()].sort()).toEqual([...missed].sort());
    second.close();
  });
}

/** Tests that heartbeats alone keep a quiet stream open through the proxies' time-outs. */
export function quietStreamsLive(edge: () => ProxyTarget): void {
  it("keeps a quiet stream open through three idle periods", async () => {
    const listener = await openStream(edge(), "/gateway/events");
    await listener.until(() => listener.events.length > 0);
    const over = Date.now() + 3 * IDLE_MS + 500;
    while (Date.now() < over) {
      const before = listener.comments();
      await listener.until(() => listener.comments() > before);
    }
    await listener.result(await post(edge()));
    listener.close();
  });
}

/** Tests the handling of WebSockets that every proxy must have, at this path. */
export function socketsPass(edge: () => ProxyTarget, path = "/gateway/socket"): void {
  it(`carries a WebSocket both ways at ${path}`, async () => {
    const ws = await openSocket(edge(), path);
    const submitted = activity();
    ws.send(submitted);
    await ws.until("confirm", submitted.rid);
    await ws.until("result", submitted.rid);
    ws.close();
  });
}

/** Refusals of handshakes are plain answers. */
export function handshakesAreRefused(edge: () => ProxyTarget): void {
  it("passes the refusal of a WebSocket unchanged", async () => {
    const headers = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const stranger = await proxyRequest(edge(), "/gateway/socket", { headers: { ...headers, Authorization: "" } });
    expect(problem(stranger)).toEqual({ status: 401, type: DOCUMENT, code: "unauthenticated" });
    const scheme = edge().ca === undefined ? "http" : "https";
    const foreign = await proxyRequest(edge(), "/gateway/socket", {
      headers: {
        ...headers,
        Origin: `${scheme}://evil.example`,
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": scheme,
      },
    });
    expect(problem(foreign)).toEqual({ status: 403, type: DOCUMENT, code: "forbidden" });
    // A page of this very origin gets past that, port and all.
    const host = `${edge().host}:8443`;
    const own = await proxyRequest({ ...edge(), host }, "/gateway/socket", {
      headers: { ...headers, Authorization: "", Origin: `${scheme}://${host}` },
    });
    expect(problem(own)).toMatchObject({ status: 401 });
  });
}

/** Tests that the site behind the proxy is unchanged, except for the visitor's address. */
export function sitePasses(edge: () => ProxyTarget): void {
  siteIsUnchanged(edge);
  siteKnowsVisitors(edge);
}

/** Tests that pages and unusual paths pass unchanged. */
export function siteIsUnchanged(edge: () => ProxyTarget): void {
  it("leaves the site unchanged", async () => {
    const page = await proxyRequest(edge(), "/");
    expect(page).toMatchObject({ status: 200, text: PAGE });
    for (const path of ["/a%2Fb//c.php?x=%20&y=a+b", "/gatewayfoo", "/Gateway/events", "/notifyfoo"]) {
      const seen = JSON.parse((await proxyRequest(edge(), path, { method: "POST", body: "ä" })).text) as Mirror;
      expect(seen).toMatchObject({ method: "POST", path, body: "ä" });
    }
  });
}

function siteKnowsVisitors(edge: () => ProxyTarget): void {
  it("passes the visitor's real address to the site", async () => {
    const answer = await proxyRequest(edge(), "/who.php", { from: "127.0.0.2", headers: forged(1) });
    const { headers } = JSON.parse(answer.text) as Mirror;
    expect(headers["x-forwarded-for"]).toBe("127.0.0.2");
    expect(headers["x-real-ip"]).toBe("127.0.0.2");
    expect(headers["x-forwarded-proto"]).toBe(edge().ca === undefined ? "http" : "https");
    expect(headers["x-forwarded-host"]).toBe(headers.host);
    expect(headers.forwarded).toBeUndefined();
  });
}

/** Tests the answers while no gateway is up. Streams are told to reconnect, requests get a problem document. */
export function awayIsSaid(edge: () => ProxyTarget): void {
  it("tells streams to reconnect and answers requests with 503 while the gateway is down", async () => {
    const listener = await openStream(edge(), "/gateway/events");
    expect(listener.status).toBe(200);
    await listener.until(() => listener.events.length > 0);
    expect(listener.events).toMatchObject([{ event: "goodbye", data: '{"reason":"unavailable","reconnect":true}' }]);
    const poll = await proxyRequest(edge(), "/gateway/events", { headers: { Accept: "application/json" } });
    const posted = await proxyRequest(edge(), "/gateway/activities", {
      method: "POST",
      body: JSON.stringify(activity()),
    });
    for (const answer of [poll, posted]) {
      expect(problem(answer)).toEqual({ status: 503, type: DOCUMENT, code: "overloaded" });
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    }
  });
}
