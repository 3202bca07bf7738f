import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessFaults, type ConsoleBrowser, consoleBrowser } from "../../support/console-browser.ts";
import { ROOT } from "../../support/docs-samples.ts";

let web: ConsoleBrowser;
beforeAll(async () => {
  web = await consoleBrowser();
  await web.signIn("--name", "ann");
  const activity = {
    platform: "dummy",
    actor: { address: "alice" },
    target: { address: "bob" },
    object: { body: "Hi" },
  };
  await web.post({ ...activity, rid: "sent-1", verb: "echo" });
  await web.post({ ...activity, rid: "failed-1", verb: "fail", object: { kind: "permanent" } });
});
afterAll(() => web?.stop());

const PAGES = [
  ["#/", "Overview"],
  ["#/live", "Live"],
  ["#/history", "History"],
  ["#/history/failed-1", "Activity failed-1"],
  ["#/compose", "Compose"],
  ["#/accounts", "Accounts"],
  ["#/dead-letters", "Dead letters"],
  ["#/hooks", "Hooks"],
  ["#/queues", "Queues"],
  ["#/apps", "Apps and keys"],
  ["#/audit", "Audit log"],
] as const;

const MODES = {
  light: { colorScheme: "light", forcedColors: "none", width: 1_100 },
  dark: { colorScheme: "dark", forcedColors: "none", width: 1_100 },
  phone: { colorScheme: "light", forcedColors: "none", width: 390 },
  "forced colours": { colorScheme: "light", forcedColors: "active", width: 1_100 },
} as const;

describe.each(Object.entries(MODES))("The console in %s", (_name, { width, ...media }) => {
  it.each(PAGES)("breaks no rule of axe at %s", async (fragment, heading) => {
    await web.page.emulateMedia(media);
    await web.page.setViewportSize({ width, height: 800 });
    await web.open(fragment, heading);
    await expect.poll(() => web.page.getByText("Loading …").count()).toBe(0);
    expect(await accessFaults(web.page)).toEqual([]);
    expect(web.faults).toEqual([]);
    const overflow = await web.page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
    expect(overflow).toBeLessThanOrEqual(0);
  });
});

describe("The console's files", () => {
  it("have at most 200 kB compressed", () => {
    const folder = join(ROOT, "dist/console");
    const sizes = readdirSync(folder)
      .filter((name) => /\.(html|css|js)$/.test(name))
      .map((name) => gzipSync(readFileSync(join(folder, name))).length);
    expect(sizes.length).toBe(3);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(200_000);
  });

  it("load nothing from elsewhere, and run no inline script or style", async () => {
    const answer = await fetch(`${web.gateway.base}/console/`);
    expect(answer.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'/,
    );
    expect(answer.headers.get("content-security-policy")).not.toContain("unsafe");
    const html = await answer.text();
    expect(html).not.toMatch(/https?:|<style|\son\w+=|<script(?![^>]*src)/);
  });
});
