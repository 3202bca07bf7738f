import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problems } from "../../routes/http/problem.ts";
import { type TestChromium, testChromium } from "../support/chromium.ts";
import { accessFaults } from "../support/console-browser.ts";
import { type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";

describe("the documentation in the gateway", () => {
  let dir: string;
  let gateway: GatewayProcess;
  let chromium: TestChromium;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "dgm-docs-"));
    gateway = await gatewayProcess({ role: "all", dataDir: join(dir, "data") });
    chromium = await testChromium();
    page = await chromium.context.newPage();
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") faults.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(gateway.base)) faults.push(`${request.url()} is elsewhere`);
    });
  });
  afterAll(async () => {
    await chromium?.stop();
    await gateway?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it("is found from the base path and leads to each guide without a missing file", async () => {
    const failed: string[] = [];
    page.on("response", (answer) => {
      if (answer.status() >= 400) failed.push(answer.url());
    });
    await page.goto(`${gateway.base}/docs`);
    expect(page.url()).toBe(`${gateway.base}/docs/`);
    await page.getByRole("link", { name: "From PHP", exact: true }).first().click();
    await page.getByRole("heading", { level: 1, name: "From PHP" }).waitFor();
    expect(failed).toEqual([]);
  });

  it("searches without a network", async () => {
    await page.goto(`${gateway.base}/docs/platforms/email`);
    await page.keyboard.press("/");
    await page.keyboard.type("rid-reused");
    await page
      .getByRole("region", { name: "Search results" })
      .getByRole("link", { name: "rid-reused" })
      .first()
      .click();
    await page.getByRole("heading", { level: 1, name: "rid-reused" }).waitFor();
    expect(page.url()).toBe(`${gateway.base}/docs/errors/rid-reused`);
  });

  it.each(["light", "dark"] as const)("has no barrier in %s, on a desktop and a phone", async (colorScheme) => {
    for (const width of [1300, 390]) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      for (const address of ["", "integrate", "errors/rate-limited", "api", "api/activities"]) {
        await page.goto(`${gateway.base}/docs/${address}`);
        expect(await accessFaults(page), `${address} at ${width}`).toEqual([]);
      }
    }
  });

  it("breaks no rule of its own policy and asks no other server", () => {
    expect(faults).toEqual([]);
  });

  it("explains each refusal at the address that its type names", async () => {
    const answer = await fetch(`${gateway.base}/activities`, { method: "POST" });
    const problem = (await answer.json()) as { readonly type: string; readonly code: keyof typeof problems };
    const explained = await fetch(new URL(problem.type, answer.url));
    expect(explained.status).toBe(200);
    expect(explained.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await explained.text()).toContain(problems[problem.code][1]);
  });
});
