import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

export interface TestChromium {
  readonly context: BrowserContext;
  readonly stop: () => Promise<void>;
}

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Headless Chromium of Debian with a temporary profile, which `stop` removes. */
export async function testChromium(
  options: { readonly phone?: boolean; readonly javaScript?: boolean } = {},
): Promise<TestChromium> {
  const profile = await mkdtemp(join(tmpdir(), "dgm-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    headless: true,
    javaScriptEnabled: options.javaScript ?? true,
    args: QUIET,
    viewport: options.phone ? { width: 390, height: 844 } : { width: 1100, height: 760 },
  });
  return {
    context,
    stop: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
