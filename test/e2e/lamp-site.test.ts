import { chmod, copyFile, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Link, link } from "../clients/link.ts";
import { testApache } from "../support/apache.ts";
import { testChromium } from "../support/chromium.ts";
import { ROOT } from "../support/docs-samples.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { testNginx } from "../support/nginx.ts";
import { until } from "../support/redis-process.ts";

/** Short lifetime, so that the token expires while pages are open. Clocks may differ by 30 s more. */
const TOKEN_SECONDS = 4;

let gateway: GatewayProcess;
let key: string;
let wire: Link;
const closers: Array<() => unknown> = [];

/** Starts the example in a document root, on Apache with PHP-FPM behind nginx. The sandbox returns the mail. */
beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "dgm-lamp-"));
  closers.push(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o755);
  const root = join(dir, "site");
  await cp(join(ROOT, "examples/lamp-site"), root, { recursive: true });
  await copyFile(join(ROOT, "clients/php/Dragoman.php"), join(root, "Dragoman.php"));
  gateway = await gatewayProcess({ role: "all", dataDir: join(dir, "data") });
  closers.push(() => gateway.stop());
  key = await firstKey(join(dir, "data"));
  const phpEnv = { DRAGOMAN_URL: gateway.base, DRAGOMAN_KEY: key, SHOP_TOKEN_SECONDS: String(TOKEN_SECONDS) };
  const apache = await testApache({ layout: "site-8080", root, phpEnv });
  closers.push(apache.stop);
  const variables = { GATEWAY_ADDR: new URL(gateway.base).host, SITE_ADDR: apache.address, SITE_ROOT: root };
  const nginx = await testNginx({ layout: "site", variables });
  closers.push(nginx.stop);
  wire = await link(`http://127.0.0.1:${nginx.port}`);
  closers.push(wire.stop);
});
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Sends mail to the shop without the page. Resolves when the mail was sent. */
async function mail(subject: string): Promise<string> {
  const activity = {
    platform: "email",
    verb: "send",
    actor: { address: "jane@example.com", name: "Jane Doe" },
    target: { address: "shop@example.com" },
    object: { subject, body: "Do you have <b>blue</b> ones?" },
  };
  const response = await fetch(`${gateway.base}/activities`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=20" },
    body: JSON.stringify(activity),
  });
  expect(await response.json()).toMatchObject({ type: "result", status: "sent" });
  return subject;
}

const shown = (page: Page) => page.locator("#inbox i").allTextContents();
const sees = (page: Page, subject: string) => page.locator("#inbox li", { hasText: subject }).first().waitFor();

async function writeTo(page: Page, name: string, message: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Your e-mail address").fill("john@example.com");
  await page.getByLabel("Your message").fill(message);
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator("#said").waitFor();
}

it("works without JavaScript: the form sends, the inbox refreshes", { timeout: 60_000 }, async () => {
  const { context, stop } = await testChromium({ javaScript: false });
  try {
    const page = await context.newPage();
    await page.goto(wire.origin);
    await writeTo(page, "John <i>Roe</i>", "One without scripts");
    expect(await page.locator("#said").textContent()).toContain("Your message is on its way");
    const inbox = page.frameLocator("iframe");
    await inbox.getByText("One without scripts").waitFor();
    expect(await inbox.locator("b").first().textContent()).toBe("John <i>Roe</i>");
    await mail("Later");
    await inbox.getByText("Later").waitFor();
    expect(await inbox.locator("li").count()).toBe(2);
  } finally {
    await stop();
  }
});

it("stays live in two tabs over a disconnect, an expired token and a restart, on one connection and without loss", {
  timeout: 120_000,
}, async () => {
  const { context, stop } = await testChromium();
  try {
    const faults: string[] = [];
    let renewed = 0;
    context.on("response", (response) => {
      if (response.url().endsWith("/token.php")) renewed++;
    });
    context.on("weberror", (error) => faults.push(String(error.error())));
    const [first, second] = [await context.newPage(), await context.newPage()];
    for (const page of [first, second]) {
      await page.goto(wire.origin);
      await page.locator("#state", { hasText: "live" }).waitFor();
    }
    const before = await shown(first);
    const both = (subject: string) => Promise.all([first, second].map((page) => sees(page, subject)));
    await both(await mail("In time"));
    await until(() => wire.streams() === 1);

    wire.cut();
    await mail("During a cut");
    wire.mend();
    await both("During a cut");

    const renewalsBefore = renewed;
    await until(() => renewed > renewalsBefore, 60_000);
    await both(await mail("After an ended token"));

    await gateway.stop();
    await gateway.start();
    await both(await mail("After a restart"));
    await until(() => wire.streams() === 1);

    await writeTo(first, "Max Muster", "I like the blue ones.\nMax");
    await both("Message from Max Muster");
    const after = ["In time", "During a cut", "After an ended token", "After a restart", "Message from Max Muster"];
    for (const page of [first, second]) expect(await shown(page)).toEqual([...before, ...after]);
    expect(faults).toEqual([]);
    if (process.env.UPDATE_IMAGES === "1") {
      await first.screenshot({ path: join(ROOT, "docs/images/lamp-site.png") });
    }
  } finally {
    await stop();
  }
});
