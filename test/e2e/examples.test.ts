import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestChromium, testChromium } from "../support/chromium.ts";
import { ROOT } from "../support/docs-samples.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { type Shell, shell } from "../support/shell.ts";

let dir: string;
let gateway: GatewayProcess;
let key: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-examples-"));
  gateway = await gatewayProcess({ role: "all", dataDir: join(dir, "data") });
  key = await firstKey(join(dir, "data"));
});
afterAll(async () => {
  await gateway?.stop();
  await rm(dir, { recursive: true, force: true });
});

function example(program: string, file: string, ...args: string[]): Shell {
  const env = { DRAGOMAN_URL: gateway.base, DRAGOMAN_KEY: key };
  return shell([program, join(ROOT, "examples", file), ...args], { cwd: dir, env });
}
const php = (file: string, ...args: string[]) => example("php", `php/${file}`, ...args);

describe("The PHP examples", () => {
  const files = async () => {
    const folders = ["examples/php", "examples/lamp-site"].map((folder) => join(ROOT, folder));
    const names = await Promise.all(
      folders.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
    );
    return names.flat().filter((name) => name.endsWith(".php"));
  };

  it("use only functions of PHP 5.6", async () => {
    const check = join(ROOT, "test/support/php-newer-than-56.php");
    const modern = join(dir, "modern.php");
    await writeFile(
      modern,
      "<?php\nfunction f(int $a): string { return $a ?? random_bytes(4); }\n$g = fn($b) => $b;\n",
    );
    const trap = shell(["php", check, modern], { cwd: dir });
    await trap.ended;
    expect(trap.answer().trim().split("\n").length).toBe(5);
    const real = shell(["php", check, ...(await files())], { cwd: dir });
    expect(await real.ended).toBe(0);
    expect(real.output()).toBe("");
  });

  it("run without a warning or a deprecation", async () => {
    for (const file of await files()) {
      const lint = shell(["php", "-d", "error_reporting=-1", "-d", "display_errors=1", "-l", file], { cwd: dir });
      expect(await lint.ended, lint.output()).toBe(0);
      expect(lint.output()).not.toMatch(/warning|deprecated|notice/i);
    }
  });

  it("send, and fetch each event once over repeated runs", async () => {
    const first = php("poll.php");
    expect(await first.ended).toBe(0);
    expect(first.answer()).toBe("");
    const seen: string[] = [];
    for (const subject of ["One", "Two"]) {
      const sending = php("send.php", "foo@example.com", subject);
      expect(await sending.ended, sending.output()).toBe(0);
      expect(sending.output()).toMatch(/^sent php-\S+\n {2}foo@example.com sent\n$/);
      const poll = php("poll.php");
      expect(await poll.ended, poll.output()).toBe(0);
      seen.push(...poll.answer().split("\n"));
    }
    expect(seen.filter((line) => line.startsWith("activity"))).toEqual([
      "activity from bob@example.com One",
      "activity from bob@example.com Two",
    ]);
    expect(seen.filter((line) => /^result php-\S+ sent$/.test(line)).length).toBe(2);
  });

  it("report errors", async () => {
    const refused = php("send.php", "nobody");
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toMatch(/^Refused \(422 validation-failed\): .*\/target\/address/);
    const wrong = shell(["php", join(ROOT, "examples/php/poll.php")], {
      cwd: dir,
      env: { DRAGOMAN_URL: gateway.base, DRAGOMAN_KEY: "dgm_no_key_atall" },
    });
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toMatch(/^Not now \(401\): /);
  });

  it("sign tokens that see only their own actor's events", async () => {
    const signing = php("token.php", "carol@example.com");
    await signing.ended;
    const poll = async (actor: string) => {
      const response = await fetch(`${gateway.base}/events?after=earliest&actor=${actor}`, {
        headers: { Authorization: `Bearer ${signing.answer().trim()}`, Accept: "application/json" },
      });
      expect(response.status).toBe(200);
      return ((await response.json()) as { events: Array<{ actor: { address: string } }> }).events;
    };
    for (const address of ["bob@example.com", "carol@example.com"]) {
      const posted = await fetch(`${gateway.base}/activities`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=20" },
        body: JSON.stringify({
          platform: "dummy",
          verb: "send",
          actor: { address },
          target: { address: "x" },
          object: { body: "y" },
        }),
      });
      expect(posted.status).toBe(200);
    }
    expect((await poll("carol@example.com")).length).toBeGreaterThan(0);
    expect(await poll("bob@example.com")).toEqual([]);
  });
});

describe("The WebSocket example", () => {
  const client = (...args: string[]) => example(process.execPath, "websocket/client.mjs", ...args);
  const frames = (run: Shell) =>
    run
      .answer()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it("sends, receives the result and exits", async () => {
    const run = client("foo@example.com", "By socket");
    expect(await run.ended, run.output()).toBe(0);
    expect(frames(run).map(({ type, status }) => status ?? type)).toEqual([
      "ready",
      "queued",
      "sending",
      "activity",
      "sent",
    ]);
  });

  it("reconnects after a restart without loss", { timeout: 60_000 }, async () => {
    const run = client("--stay");
    try {
      await run.until((text) => text.includes('"type":"result"'), "a result");
      await gateway.kill();
      await run.until((text) => text.includes("coming back"), "a try to come back");
      await gateway.start();
      const posted = await php("send.php", "foo@example.com", "Missed?").ended;
      expect(posted).toBe(0);
      await run.until((text) => text.includes("Missed?"), "what was sent meanwhile");
      const cursors = frames(run)
        .filter(({ type }) => type !== "ready")
        .flatMap(({ cursor }) => cursor ?? []);
      expect(new Set(cursors).size).toBe(cursors.length);
    } finally {
      await run.stop();
    }
  });
});

describe("The try page", () => {
  let chromium: TestChromium;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    chromium = await testChromium({ phone: true });
    page = await chromium.context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) complaints.push(message.text());
    });
  });
  afterAll(() => chromium?.stop());

  const live = () => page.locator("#state[data-state=live]").waitFor();
  const send = () => page.getByRole("button", { name: "Send", exact: true }).click();

  it("reports a wrong key", async () => {
    await page.goto(`${gateway.base}/try`);
    await page.getByLabel("API key or listener token").fill("dgm_no_key_atall");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.locator("#connect-wrong", { hasText: "API key" }).waitFor();
  });

  it("accepts a key, sends, and shows results and inbound events", async () => {
    await page.getByLabel("API key or listener token").fill(key);
    await page.getByRole("button", { name: "Connect" }).click();
    await live();
    await page.getByLabel("Subject").fill("From a page");
    await send();
    await page.locator("li", { hasText: "From a page" }).locator(".chip", { hasText: "arrived" }).waitFor();
    const own = page.locator("li", { hasText: "after Send" });
    await own.locator(".chip", { hasText: "sent" }).waitFor();
    expect(await own.textContent()).toMatch(/queued → sending → sent, \d+ ms after Send/);
  });

  it("shows the pointer of an invalid activity, and failures as text", async () => {
    await page.getByRole("textbox", { name: "To", exact: true }).fill("nobody");
    await send();
    await page.locator("#send-wrong", { hasText: "/target/address" }).waitFor();
    await page.getByRole("button", { name: "Any activity" }).click();
    await page.getByLabel("Activity", { exact: true }).fill("{");
    await send();
    await page.locator("#send-wrong", { hasText: "This is not JSON" }).waitFor();
    const failing = {
      platform: "dummy",
      verb: "fail",
      actor: { address: "a" },
      target: [{ address: "b" }],
      object: { kind: "permanent" },
    };
    await page.getByLabel("Activity", { exact: true }).fill(JSON.stringify(failing));
    await send();
    await page.locator("li", { hasText: "dummy: fail" }).locator(".error", { hasText: "failed on request" }).waitFor();
  });

  it("stores, lists, validates and deletes accounts", async () => {
    await page.getByRole("button", { name: "Accounts" }).click();
    await page
      .getByLabel("Account", { exact: true })
      .fill('{"platform":"email","address":"shop@example.com","credentials":{}}');
    await page.getByRole("button", { name: "Store" }).click();
    await page.locator("#send-wrong", { hasText: "/credentials/host is required" }).waitFor();
    await page.getByLabel("Platform").selectOption("email");
    await page.getByRole("button", { name: "Store" }).click();
    const row = page.locator("#accounts .row", { hasText: "email: " });
    await row.waitFor();
    await row.getByRole("button", { name: "Delete" }).click();
    await row.waitFor({ state: "detached" });
  });

  it("reconnects after a restart and after a reload of the page", { timeout: 60_000 }, async () => {
    await gateway.kill();
    await page.locator("#state[data-state=waiting]").waitFor();
    await gateway.start();
    await live();
    expect(await php("send.php", "foo@example.com", "After the restart").ended).toBe(0);
    await page.locator("li", { hasText: "After the restart" }).waitFor();
    await page.reload();
    await live();
  });

  it("forgets the key on request and accepts a listener token", async () => {
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.reload();
    const signing = php("token.php", "bob@example.com");
    await signing.ended;
    await page.getByLabel("API key or listener token").fill(signing.answer().trim());
    await page.getByRole("button", { name: "Connect" }).click();
    await live();
    expect(await php("send.php", "foo@example.com", "By token").ended).toBe(0);
    await page.locator("li", { hasText: "email: send" }).locator(".chip", { hasText: "sent" }).waitFor();
    // A token of bob's receives no event of another account, regardless of the sender.
    expect(await page.locator("li", { hasText: "By token" }).count()).toBe(0);
  });

  it("fits a phone screen and its content security policy", async () => {
    expect(await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
    expect(await readFile(join(ROOT, "examples/browser/index.html"), "utf8")).not.toMatch(/\sstyle=|\son\w+=|src=/);
  });
});
