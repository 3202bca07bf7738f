import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type TestChromium, testChromium } from "../support/chromium.ts";
import { ROOT } from "../support/docs-samples.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { testHaproxy } from "../support/haproxy.ts";
import { testNginx } from "../support/nginx.ts";
import { type TestWordpress, testWordpress, WORDPRESS_ADMIN } from "../support/wordpress.ts";

vi.setConfig({ testTimeout: 180_000 });

const SENDER = "news@example.org";
const closers: Array<() => unknown> = [];
let gateway: GatewayProcess;
let key: string;
let wordpress: TestWordpress;
let chromium: TestChromium;
let page: Page;
const mail = await mailServer();

/** Starts the server of the site's mail account. It refuses recipients while a test says so. */
async function mailServer() {
  const mails: string[] = [];
  let isRefusing = false;
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => done(null, { user: "wordpress" }),
    disabledCommands: ["STARTTLS"],
    onRcptTo: (_address, _session, done) =>
      done(isRefusing ? Object.assign(new Error("5.1.1 nobody has this address"), { responseCode: 550 }) : null),
    onData: (stream, _session, done) => {
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => {
        mails.push(Buffer.concat(parts).toString());
        done();
      });
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  closers.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    refuse: (yes: boolean) => {
      isRefusing = yes;
    },
  };
}

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "dgm-wp-"));
  closers.push(() => rm(dir, { recursive: true, force: true }));
  gateway = await gatewayProcess({ role: "all", dataDir: dir, env: { ALLOW_PRIVATE: "127.0.0.0/8" } });
  closers.push(() => gateway.stop());
  key = await firstKey(dir);
  const account = {
    platform: "email",
    address: SENDER,
    credentials: { host: "127.0.0.1", port: mail.port, tls: "none", user: "wordpress", password: "secret" },
  };
  expect((await call("PUT", "/accounts", account)).status).toBe(201);
  wordpress = await testWordpress(new URL(gateway.base).host);
  closers.push(wordpress.stop);
  chromium = await testChromium();
  closers.push(chromium.stop);
  page = await chromium.context.newPage();
  await logIn(wordpress.address);
});
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const call = (method: string, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${gateway.base}${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

/** Logs the browser in without the form, whose script moves the focus. */
async function logIn(address: string): Promise<void> {
  const { request } = page.context();
  // Sets the cookie by which WordPress sees that the browser takes cookies.
  await request.get(`http://${address}/wp-login.php`);
  const { user, password } = WORDPRESS_ADMIN;
  const answer = await request.post(`http://${address}/wp-login.php`, {
    form: { log: user, pwd: password, testcookie: "1", redirect_to: `http://${address}/wp-admin/` },
  });
  expect(await answer.text()).toContain("Dashboard");
  await page.goto(`http://${address}/wp-admin/`);
  await page.getByRole("heading", { name: "Dashboard" }).waitFor();
}

/** Asks for a new password, whose mail WordPress sends by wp_mail(). */
async function forgetPassword(): Promise<void> {
  const answer = await fetch(`http://${wordpress.address}/wp-login.php?action=lostpassword`, {
    method: "POST",
    body: new URLSearchParams({ user_login: WORDPRESS_ADMIN.user }),
    redirect: "manual",
  });
  expect(answer.status).toBe(302);
}

/** Returns the newest row of Tools > Mail once it has the expected status. */
async function newestMail(status: string): Promise<string> {
  const row = page.locator("tbody tr").first();
  await expect
    .poll(
      async () => {
        await page.goto(`http://${wordpress.address}/wp-admin/tools.php?page=dragoman-mail`);
        return row.locator("td").nth(3).textContent();
      },
      { timeout: 90_000, interval: 250 },
    )
    .toBe(status);
  return (await row.textContent()) ?? "";
}

describe("the WordPress plugin", () => {
  it("is activated and set up by its pages", async () => {
    await page.goto(`http://${wordpress.address}/wp-admin/plugins.php`);
    await page.getByRole("link", { name: "Activate Dragoman" }).click();
    await page.getByText("Plugin activated").waitFor();
    await page.goto(`http://${wordpress.address}/wp-admin/options-general.php?page=dragoman`);
    await page.getByLabel("Gateway").fill(gateway.base);
    await page.getByLabel("API key").fill(key);
    await page.getByLabel("Sender's address").fill(SENDER);
    await page.getByRole("button", { name: "Save Changes" }).click();
    await page.getByText("A key is stored").waitFor();
    expect(await page.content()).not.toContain(key);
  });

  it("sends the site's mail and shows that it was sent", async () => {
    await forgetPassword();
    expect(await newestMail("sent")).toContain("Password Reset");
    expect(mail.mails).toHaveLength(1);
    expect(mail.mails[0]).toContain(`To: ${WORDPRESS_ADMIN.email}`);
    expect(mail.mails[0]).toContain("[Corner shop] Password Reset");
  });

  it("shows why a mail was not sent, and sends it again", async () => {
    mail.refuse(true);
    await forgetPassword();
    expect(await newestMail("failed")).toContain("nobody has this address");
    if (process.env.UPDATE_IMAGES === "1") {
      await page.screenshot({ path: join(ROOT, "docs/images/wordpress.png") });
    }
    mail.refuse(false);
    // The next visit of the page would end the request of the form.
    const posted = page.waitForResponse((answer) => answer.request().method() === "POST");
    await page.getByRole("button", { name: "Send again" }).first().click();
    await posted;
    await page.waitForLoadState();
    await newestMail("sent");
    expect(mail.mails).toHaveLength(2);
  });

  it("keeps mails while the gateway is away, and sends each once when it is back", async () => {
    await gateway.stop();
    await forgetPassword();
    await newestMail("waiting");
    await gateway.start();
    await wordpress.runCron();
    await newestMail("sent");
    expect(mail.mails).toHaveLength(3);
  });

  it("refuses a token for anything but what an author wrote", async () => {
    const answer = await fetch(`http://${wordpress.address}/?rest_route=/dragoman/v1/token`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ platform: "dummy", actor: "other", public: "yes", signature: "0".repeat(32) }),
    });
    expect(answer.status).toBe(401);
  });
});

const layouts: ReadonlyArray<readonly [name: string, front: () => Promise<number>]> = [
  ["Apache", async () => Number(wordpress.address.split(":")[1])],
  [
    "nginx",
    async () => {
      const variables = { GATEWAY_ADDR: new URL(gateway.base).host, SITE_ADDR: wordpress.address };
      const nginx = await testNginx({ layout: "site", variables });
      closers.push(nginx.stop);
      return nginx.port;
    },
  ],
  [
    "HAProxy",
    async () => {
      const variables = { GATEWAY_ADDR: new URL(gateway.base).host, SITE_ADDR: wordpress.address };
      const haproxy = await testHaproxy("uri", variables);
      closers.push(haproxy.stop);
      return haproxy.port;
    },
  ],
];

describe.each(layouts)("its short code behind %s", (name, front) => {
  it("shows to everybody what arrives, live, as text", async () => {
    const site = `http://127.0.0.1:${await front()}`;
    await logIn(new URL(site).host);
    const created = await page.evaluate(async () => {
      const nonce = (await (await fetch("/wp-admin/admin-ajax.php?action=rest-nonce")).text()).trim();
      const answer = await fetch("/?rest_route=/wp/v2/pages", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-WP-Nonce": nonce },
        body: JSON.stringify({
          title: "News",
          status: "publish",
          content: '[dragoman_events platform="email" actor="shop@example.com" public="yes"]',
        }),
      });
      return (await answer.json()) as { readonly id: number };
    });
    await page.context().clearCookies();
    await page.goto(`${site}/?page_id=${created.id}`);
    const list = page.locator(".dragoman-events");
    await expect.poll(() => list.getAttribute("data-state"), { timeout: 60_000 }).toBe("live");
    // The sandbox mailbox returns it as mail that arrives.
    const letter = {
      platform: "email",
      verb: "send",
      actor: { address: "jane@example.com", name: "Jane" },
      target: { address: "shop@example.com" },
      object: { subject: `By ${name}`, body: "Any <b>blue</b> ones?" },
    };
    const answer = await call("POST", "/activities", letter, { Prefer: "wait=20" });
    expect(await answer.json()).toMatchObject({ status: "sent" });
    await list.getByText(`By ${name} Any <b>blue</b> ones?`).waitFor();
  });
});
