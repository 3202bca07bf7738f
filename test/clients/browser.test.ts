import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type TestChromium, testChromium } from "../support/chromium.ts";
import { ROOT } from "../support/docs-samples.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { type Link, link } from "./link.ts";

let dir: string;
let gateway: GatewayProcess;
let key: string;
let wire: Link;
let chromium: TestChromium;
const pages: Page[] = [];
/** Answer of a page's `/token`. */
let tokenAsked = { expiresIn: 600 } as Record<string, unknown>;
let tokensGiven = 0;

/** Everything that a page sees, in `window.seen`. */
const PAGE = `<!doctype html><title>Site</title><script type="module">
  import { connect, DragomanError } from "/gateway/client.js";
  window.token = async () => (await fetch("/token")).text();
  window.open_ = (options = {}) => {
    window.seen = []; window.states = []; window.gaps = []; window.fault = undefined;
    window.dragoman = connect({
      url: "/gateway", token: window.token,
      onevent: (event) => window.seen.push(event),
      ongap: (gap) => window.gaps.push(gap),
      onstate: (state, error) => { window.states.push(state); window.fault = error && { status: error.status, ...error.problem }; },
      ...options,
    });
  };
  window.sent = (activity) => window.dragoman.send(activity).then(
    (result) => ({ result }),
    (error) => ({ status: error.status, problem: error.problem, ours: error instanceof DragomanError }),
  );
  window.loaded = true;
</script>`;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-browser-"));
  gateway = await gatewayProcess({ role: "all", dataDir: join(dir, "data"), env: { HEARTBEAT_SECONDS: "5" } });
  key = await firstKey(join(dir, "data"));
  wire = await link(gateway.base);
  chromium = await testChromium();
  await chromium.context.route(`${wire.origin}/page`, (route) =>
    route.fulfill({ contentType: "text/html", body: PAGE }),
  );
  await chromium.context.route(`${wire.origin}/token`, async (route) => {
    tokensGiven++;
    await route.fulfill({ contentType: "text/plain", body: await token(tokenAsked) }).catch(() => undefined);
  });
});
afterEach(async () => {
  wire.mend();
  wire.connectionContext(false);
  tokenAsked = { expiresIn: 600 };
  await Promise.all(pages.splice(0).map((page) => page.close()));
  await chromium.context.clearCookies();
});
afterAll(async () => {
  await chromium?.stop();
  await wire?.stop();
  await gateway?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function token(claims: Record<string, unknown>): Promise<string> {
  const response = await fetch(`${gateway.base}/tokens`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ scope: "listen send", ...claims }),
  });
  return ((await response.json()) as { token: string }).token;
}

/** A tab; `options` is the text of an object. */
async function tab(options = "{}"): Promise<Page> {
  const page = await chromium.context.newPage();
  pages.push(page);
  page.setDefaultTimeout(30_000);
  await page.goto(`${wire.origin}/page`);
  await page.waitForFunction("window.loaded");
  await page.evaluate(`window.open_(${options})`);
  return page;
}
const live = (page: Page) => page.waitForFunction("window.dragoman.state === 'live' && window.dragoman.cursor");
const activity = (rid?: string) => ({
  ...(rid === undefined ? {} : { rid }),
  platform: "dummy",
  verb: "send",
  actor: { address: "shop" },
  target: { address: "bob" },
  object: { body: "Hello" },
});

let posted = 0;
/** Posts `count` activities directly to the gateway. Resolves with their rids after all results. */
async function post(count: number): Promise<readonly string[]> {
  const rids = Array.from({ length: count }, () => `p-${++posted}`);
  for (const rid of rids) {
    const response = await fetch(`${gateway.base}/activities`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=20" },
      body: JSON.stringify(activity(rid)),
    });
    expect(response.status).toBe(200);
  }
  return rids;
}
/**
 * Resolves when the page has received the result of the last rid. By order, the page has then received all results,
 * each once.
 */
async function sees(page: Page, rids: readonly string[]): Promise<void> {
  const results = "window.seen.filter((e) => e.type === 'result' && String(e.rid).startsWith('p-')).map((e) => e.rid)";
  await page.waitForFunction(`${results}.includes(${JSON.stringify(rids.at(-1))})`);
  expect(await page.evaluate(results)).toEqual(rids);
  const cursors = await page.evaluate<string[]>("window.seen.map((e) => e.cursor)");
  expect(new Set(cursors).size).toBe(cursors.length);
  expect(await page.evaluate("window.gaps")).toEqual([]);
}

describe("The served browser client", () => {
  it("equals the build of its sources, type-checks, and has at most 5 KB", () => {
    const folder = join(ROOT, "clients/browser");
    execFileSync(process.execPath, [join(folder, "build.mjs"), "--check"], { stdio: "pipe" });
    execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", folder], { stdio: "pipe" });
    expect(statSync(join(folder, "dragoman.js")).size).toBeLessThanOrEqual(5_120);
  });

  it("is cached by browsers and revalidated with an ETag", async () => {
    const first = await fetch(`${gateway.base}/client.js`);
    expect(first.status).toBe(200);
    expect(first.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(first.headers.get("cache-control")).toBe("public, max-age=3600");
    // As a browser asks; fetch of Node adds no-cache. The compressed representation has an ETag of its own.
    const headers = { "If-None-Match": first.headers.get("etag") ?? "", "Accept-Encoding": "gzip" };
    const again = await new Promise<number | undefined>((resolve, reject) => {
      get(`${gateway.base}/client.js`, { headers }, (res) => resolve(res.resume().statusCode)).on("error", reject);
    });
    expect(again).toBe(304);
  });
});

describe("The browser client in Chromium", () => {
  it("shares one connection between tabs, and another tab takes over when the owner closes", {
    timeout: 60_000,
  }, async () => {
    const first = await tab();
    await live(first);
    const second = await tab();
    await live(second);
    expect(wire.streams()).toBe(1);
    const firstBatch = await post(3);
    await sees(first, firstBatch);
    await sees(second, firstBatch);
    const [, secondBatch] = await Promise.all([first.close(), post(5)]);
    await sees(second, [...firstBatch, ...secondBatch]);
    const three = await post(2);
    await sees(second, [...firstBatch, ...secondBatch, ...three]);
    expect(wire.streams()).toBe(1);
  });

  it("loses nothing in any tab when the network is cut and the gateway restarts", { timeout: 90_000 }, async () => {
    const tabs = [await tab(), await tab()];
    await Promise.all(tabs.map(live));
    const before = await post(2);
    wire.cut();
    const during = await post(3);
    await Promise.all(tabs.map((page) => page.waitForFunction("window.dragoman.state === 'waiting'")));
    await gateway.kill();
    await gateway.start();
    const after = await post(2);
    wire.mend();
    const late = await post(2);
    for (const page of tabs) await sees(page, [...before, ...during, ...after, ...late]);
    expect(wire.streams()).toBe(1);
  });

  it("renews an expiring token without loss", { timeout: 60_000 }, async () => {
    tokenAsked = { expiresIn: 2 };
    const page = await tab("{ share: false }");
    await live(page);
    const tokensBefore = tokensGiven;
    const rids: string[] = [];
    while (tokensGiven < tokensBefore + 3) rids.push(...(await post(1)));
    rids.push(...(await post(1)));
    await sees(page, rids);
  });

  it("sends from any tab and reports the result", async () => {
    const tabs = [await tab(), await tab()];
    await Promise.all(tabs.map(live));
    for (const page of tabs) {
      expect(await page.evaluate(`window.sent(${JSON.stringify(activity())})`)).toMatchObject({
        result: { type: "result", status: "sent" },
      });
      const failing = { ...activity(), verb: "fail", object: { kind: "permanent" } };
      expect(await page.evaluate(`window.sent(${JSON.stringify(failing)})`)).toMatchObject({
        result: { status: "failed" },
      });
      const wrong = { ...activity(), target: { address: "" } };
      expect(await page.evaluate(`window.sent(${JSON.stringify(wrong)})`)).toMatchObject({
        ours: true,
        status: 422,
        problem: { code: "validation-failed", errors: [{ pointer: "/target/address" }] },
      });
    }
    const again = { ...activity("again-1") };
    for (let n = 0; n < 2; n++) {
      expect(await tabs[0]?.evaluate(`window.sent(${JSON.stringify(again)})`)).toMatchObject({
        result: { rid: "again-1", status: "sent" },
      });
    }
  });

  it("sends an activity once that was posted while the network was down", { timeout: 60_000 }, async () => {
    const page = await tab();
    await live(page);
    wire.cut();
    await page.evaluate(`window.later = window.sent(${JSON.stringify(activity("cut-1"))}), undefined`);
    await page.waitForFunction("window.dragoman.state === 'waiting'");
    wire.mend();
    expect(await page.evaluate("window.later")).toMatchObject({ result: { rid: "cut-1", status: "sent" } });
    await page.waitForFunction("window.seen.some((e) => e.rid === 'cut-1' && e.type === 'result')");
    expect(await page.evaluate("window.seen.filter((e) => e.rid === 'cut-1' && e.type === 'result').length")).toBe(1);
  });

  it("uses a WebSocket with tickets on request, and loses nothing over a disconnect", { timeout: 60_000 }, async () => {
    tokenAsked = { ticket: true, scope: "listen" };
    const page = await tab("{ share: false }");
    const opened = page.waitForEvent("websocket");
    await page.evaluate("window.dragoman.close(), window.open_({ transport: 'socket' })");
    expect((await opened).url()).toMatch(/\/gateway\/socket\?after=.*&ticket=dgt_/);
    await live(page);
    const firstBatch = await post(2);
    await sees(page, firstBatch);
    wire.cut();
    const secondBatch = await post(2);
    wire.mend();
    await sees(page, [...firstBatch, ...secondBatch]);
  });

  it("falls back to polling where a proxy buffers streams", { timeout: 90_000 }, async () => {
    wire.connectionContext(true);
    const page = await tab("{ after: 'latest' }");
    await page.waitForFunction("window.dragoman.state === 'live'");
    const firstBatch = await post(3);
    await sees(page, firstBatch);
    expect(wire.streams()).toBe(0);
  });

  it("works with the cookie alone on the same origin", async () => {
    const cookie = { name: "dragoman_token", value: await token({}), domain: "127.0.0.1", path: "/gateway" };
    await chromium.context.addCookies([{ ...cookie, httpOnly: true, sameSite: "Strict" }]);
    const page = await tab("{ token: undefined }");
    await live(page);
    await sees(page, await post(2));
    expect(await page.evaluate(`window.sent(${JSON.stringify(activity())})`)).toMatchObject({
      result: { status: "sent" },
    });
  });

  it("lets a later tab start at its own cursor, and filters", { timeout: 60_000 }, async () => {
    const first = await tab();
    await live(first);
    const cursor = await first.evaluate<string>("window.dragoman.cursor");
    const missed = await post(3);
    await sees(first, missed);
    const second = await tab(`{ after: ${JSON.stringify(cursor)} }`);
    const later = await post(2);
    await sees(second, [...missed, ...later]);
    expect(wire.streams()).toBe(1);
    const third = await tab("{ filter: { type: 'result' } }");
    await live(third);
    await sees(third, await post(1));
    expect(await third.evaluate("window.seen.every((e) => e.type === 'result')")).toBe(true);
    expect(wire.streams()).toBe(2);
  });

  it("reports a gap", async () => {
    const page = await tab("{ after: 'nonsense', share: false }");
    await page.waitForFunction("window.gaps.length === 1");
    expect(await page.evaluate("window.gaps[0]")).toMatchObject({ latest: expect.any(String) });
  });

  it("ends when authentication is refused, and when closed", async () => {
    const page = await tab("{ share: false, token: async () => 'nonsense' }");
    await page.waitForFunction("window.dragoman.state === 'ended'");
    expect(await page.evaluate("window.fault")).toMatchObject({ status: 401, code: "unauthenticated" });
    await page.evaluate("window.open_()");
    await live(page);
    const open = page.evaluate(
      `window.sent({ ...${JSON.stringify(activity())}, verb: "delay", object: { ms: 60000 } })`,
    );
    await page.evaluate("window.dragoman.close()");
    expect(await open).toMatchObject({ ours: true, status: 0 });
    await vi.waitFor(() => expect(wire.streams()).toBe(0), 20_000);
  });
});
