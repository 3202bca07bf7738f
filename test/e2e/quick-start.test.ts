import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EventSource } from "eventsource";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Checkout, freshCheckout } from "../support/checkout.ts";
import { testChromium } from "../support/chromium.ts";
import { ROOT } from "../support/docs-samples.ts";
import { firstKey } from "../support/gateway-process.ts";
import { npmStart, processesNaming, type StartedGateway } from "../support/npm-start.ts";
import { type TestMail, testMail } from "../support/postfix.ts";
import { shell } from "../support/shell.ts";

/** Executes the quick start: `npm start` in a fresh clone, then the printed commands in order. */
let clone: Checkout;
let started: StartedGateway | undefined;

beforeAll(async () => {
  clone = await freshCheckout();
});
afterAll(async () => {
  await started?.stop();
  await clone?.remove();
});

const inShell = (command: string) => shell(["bash", "-c", command], { cwd: clone.dir });
const events = (stream: string) =>
  [...stream.matchAll(/^data: (.*)$/gm)].map(([, json = "{}"]) => JSON.parse(json) as Record<string, unknown>);

/** Runs both printed commands and returns the stream's output up to the result. */
async function asPrinted({ watch, send }: StartedGateway) {
  const stream = inShell(watch);
  try {
    await stream.until((text) => text.includes("event: ready"), "ready");
    const sending = inShell(`${send} 2>/dev/null`);
    expect(await sending.ended).toBe(0);
    const confirm = JSON.parse(sending.answer()) as { rid: string };
    const text = await stream.until((all) => all.includes('"type":"result"'), "a result");
    return { confirm, seen: events(text).filter(({ type }) => type !== undefined) };
  } finally {
    await stream.stop();
  }
}

/** Uses the printed link as the console's page does. Resolves with the answer's status. */
async function signInAtConsole({ base, output }: StartedGateway): Promise<number> {
  const link = /\/console\/#\/sign-in\/(\S+)/.exec(output())?.[1];
  const answer = await fetch(`${base}/console/api/session`, {
    method: "POST",
    headers: { Origin: new URL(base).origin, "Content-Type": "application/json" },
    body: JSON.stringify({ link }),
  });
  return answer.status;
}

describe("The quick start", () => {
  it("starts a fresh clone with one command, sends and receives", { timeout: 300_000 }, async () => {
    started = await npmStart(clone.dir);
    console.log(`First start, from a fresh clone: ${started.milliseconds} ms`);
    expect(started.output()).toContain(`First app's API key: ${await firstKey(join(clone.dir, "data"))}`);
    expect(await signInAtConsole(started)).toBe(201);
    const { confirm, seen } = await asPrinted(started);
    expect(confirm).toMatchObject({ type: "confirm", status: "queued" });
    expect(seen.map(({ type, status }) => status ?? type)).toEqual(["sending", "activity", "sent"]);
    expect(seen[1]).toMatchObject({ actor: { address: "bob@example.com" }, object: { body: "Hello World!" } });
    expect(seen[2]).toMatchObject({ type: "result", rid: confirm.rid });
  });

  it("stops without leftovers and starts again with the same data", { timeout: 120_000 }, async () => {
    await started?.stop();
    expect(processesNaming(clone.dir)).toEqual([]);
    started = await npmStart(clone.dir);
    console.log(`Second start: ${started.milliseconds} ms`);
    expect(started.output()).not.toContain(await firstKey(join(clone.dir, "data")));
    const { confirm, seen } = await asPrinted(started);
    expect(seen.at(-1)).toMatchObject({ type: "result", rid: confirm.rid, status: "sent" });
  });

  it("prints the address of the try page", async () => {
    const { base } = started as StartedGateway;
    for (const address of [base, `${base}/`, new URL(base).origin]) {
      const page = await fetch(address);
      expect(page.url).toBe(`${base}/try`);
      expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'sha256-/);
      expect(await page.text()).toContain("<title>Dragoman");
    }
  });
});

describe("A gateway with a mail server", () => {
  let mail: TestMail;
  let key: string;

  beforeAll(async () => {
    await started?.stop();
    mail = await testMail();
    const ca = join(clone.dir, "mail-ca.pem");
    await writeFile(ca, mail.ca);
    started = await npmStart(clone.dir, {
      SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
      NODE_EXTRA_CA_CERTS: ca,
    });
    key = await firstKey(join(clone.dir, "data"));
  });
  afterAll(async () => {
    await started?.stop();
    await mail?.stop();
  });

  const php = (script: string, ...args: string[]) =>
    shell(["php", join(ROOT, script), ...args], {
      cwd: clone.dir,
      env: { DRAGOMAN_URL: started?.base, DRAGOMAN_KEY: key },
    });

  it("delivers mail, and PHP, the eventsource package and a browser receive the result", {
    timeout: 120_000,
  }, async () => {
    const { base } = started as StartedGateway;
    const rid = "order-4711";
    const phpListener = php("test/support/sse-listener.php", `${base}/events`, key, rid);
    const source = new EventSource(`${base}/events`, {
      fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${key}` } }),
    });
    const chromium = await testChromium();
    try {
      const page = await chromium.context.newPage();
      await page.goto(`${base}/try#key=${key}`);
      await page.locator("#state[data-state=live]").waitFor();
      await phpListener.until((text) => text.includes("ready"), "ready");
      const result = new Promise<Record<string, unknown>>((resolve) => {
        source.onmessage = ({ data }) => {
          const event = JSON.parse(data) as Record<string, unknown>;
          if (event.type === "result" && event.rid === rid) resolve(event);
        };
      });
      await new Promise((resolve) => {
        if (source.readyState === EventSource.OPEN) resolve(undefined);
        else source.onopen = resolve;
      });

      const posted = await fetch(`${base}/activities`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
        body: JSON.stringify({
          rid,
          platform: "email",
          verb: "send",
          actor: { name: "Bob User", address: "bob@example.com" },
          target: { name: "Alice", address: `alice@${mail.domain}` },
          object: { subject: "Order 4711", body: "Hello World!" },
        }),
      });
      expect(posted.status).toBe(202);

      const sent = { type: "result", rid, status: "sent", object: { email: { tls: true } } };
      expect(await result).toMatchObject(sent);
      expect(
        JSON.parse((await phpListener.until((text) => text.includes(rid), "the result")).split("\n")[1] ?? ""),
      ).toMatchObject(sent);
      await page
        .locator("li", { hasText: `alice@${mail.domain}` })
        .locator(".chip", { hasText: "sent" })
        .waitFor();
      const received = await mail.inbox("alice").find(({ subject }) => subject === "Order 4711");
      expect(received.text).toBe("Hello World!\n");
      expect(received.messageId).toBe(((await result).object as { id: string }).id);
    } finally {
      source.close();
      await phpListener.stop();
      await chromium.stop();
    }
  });

  it("sends from PHP and from the page, and reports a refusal with the server's text", {
    timeout: 60_000,
  }, async () => {
    const { base } = started as StartedGateway;
    const good = php("examples/php/send.php", `carol@${mail.domain}`, "From PHP");
    expect(await good.ended, good.output()).toBe(0);
    expect(await mail.inbox("carol").find(({ subject }) => subject === "From PHP")).toBeDefined();
    const bad = php("examples/php/send.php", `nobody@${mail.domain}`);
    expect(await bad.ended).toBe(1);
    expect(bad.answer()).toMatch(
      /^failed php-.*\n {2}nobody@example\.test failed: The mail server knows no such recipient/,
    );

    const chromium = await testChromium({ phone: true });
    try {
      const page = await chromium.context.newPage();
      await page.goto(`${base}/try#key=${key}`);
      await page.locator("#state[data-state=live]").waitFor();
      await page.getByRole("textbox", { name: "To", exact: true }).fill(`alice@${mail.domain}, nobody@${mail.domain}`);
      await page.getByLabel("Subject").fill("From the page");
      await page.getByRole("button", { name: "Send" }).click();
      const card = page.locator("li", { hasText: "From the page" });
      await card.locator(".chip", { hasText: "partial" }).waitFor();
      expect(await card.locator(".error").textContent()).toMatch(/^nobody@example\.test: .*\(550 5\.1\.1 /);
      expect(await mail.inbox("alice").find(({ subject }) => subject === "From the page")).toBeDefined();
    } finally {
      await chromium.stop();
    }
  });
});
