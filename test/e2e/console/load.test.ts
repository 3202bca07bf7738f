import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ConsoleBrowser, consoleBrowser } from "../../support/console-browser.ts";

let web: ConsoleBrowser;
beforeAll(async () => {
  web = await consoleBrowser();
});
afterAll(() => web?.stop());

/** Replaces the stream by one with 1,000 events a second. Records the gaps between frames, until `window.stopped`. */
const FAST_STREAM = `
  window.sent = 0; window.longestGap = 0; window.stopped = false;
  let before;
  const frame = (now) => { if (before && window.sent > 0) window.longestGap = Math.max(window.longestGap, now - before); before = now; if (!window.stopped) requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  window.EventSource = class extends EventTarget {
    constructor() {
      super();
      setTimeout(() => this.dispatchEvent(new Event("ready")));
      this.timer = setInterval(() => {
        if (window.stopped) return;
        for (let turn = 0; turn < 20; turn++) {
          const rid = "r" + window.sent++;
          const event = { type: "result", rid, platform: "dummy", verb: "echo", status: "sent", actor: { address: "alice" },
            target: [{ address: "bob", status: "sent" }], object: { body: "x".repeat(200) }, published: new Date().toISOString() };
          this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(event), lastEventId: rid }));
        }
      }, 20);
    }
    close() { clearInterval(this.timer); }
  };
`;

describe("The live page", () => {
  it("stays usable while 1,000 events a second arrive", { timeout: 120_000 }, async () => {
    const { page } = web;
    await page.addInitScript(FAST_STREAM);
    await web.signIn();
    await web.open("#/live", "Live");
    const sent = () => page.evaluate<number>("window.sent");
    await expect.poll(sent, { timeout: 60_000 }).toBeGreaterThan(12_000);
    expect(await page.locator(".virtual li").count()).toBeLessThan(80);
    await page.getByText(/10,000 of the newest [\d,]+ events/).waitFor();

    await page.getByLabel("Search").fill("r11999");
    await page.getByText(/^Live · 1 of the newest/).waitFor();
    await page.getByLabel("Search").fill("");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Paused").waitFor();
    const first = await page.locator(".virtual li").first().textContent();
    const atPause = await sent();
    await expect.poll(sent, { timeout: 60_000 }).toBeGreaterThan(atPause + 2_000);
    expect(await page.locator(".virtual li").first().textContent()).toBe(first);
    await page.locator(".virtual button").first().click();
    await page.getByLabel("Event as JSON").getByText('"verb": "echo"').waitFor();
    await page.evaluate("window.stopped = true");
    const paint = await page.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0].startTime");
    const gap = await page.evaluate<number>("window.longestGap");
    console.log(`First paint: ${Math.round(paint)} ms; longest time between two frames: ${Math.round(gap)} ms`);
    expect(web.faults).toEqual([]);
  });
});
