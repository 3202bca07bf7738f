import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { type TestChromium, testChromium } from "./chromium.ts";
import { builtEntry, firstKey, type GatewayProcess, gatewayProcess } from "./gateway-process.ts";

/** Gateway with its console open in a browser. */
export interface ConsoleBrowser {
  readonly gateway: GatewayProcess;
  /** API key of the first app. */
  readonly key: string;
  readonly page: Page;
  /** Uncaught errors, policy violations and failed requests of the page. */
  readonly faults: readonly string[];
  /** Prints a sign-in link by the command line. */
  readonly link: (...options: readonly string[]) => Promise<string>;
  /** Signs in, and waits for the overview. */
  readonly signIn: (...options: readonly string[]) => Promise<void>;
  /** Opens a page of the console and waits for its heading. */
  readonly open: (fragment: string, heading: string) => Promise<void>;
  /** Posts an activity as the first app; resolves with its result. */
  readonly post: (activity: Readonly<Record<string, unknown>>) => Promise<Record<string, unknown>>;
  readonly stop: () => Promise<void>;
}

/** Starts a gateway and a browser, both with folders of their own. */
export async function consoleBrowser(env: Readonly<Record<string, string>> = {}): Promise<ConsoleBrowser> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-console-"));
  const dataDir = join(dir, "data");
  const gateway = await gatewayProcess({ role: "all", dataDir, env });
  const chromium: TestChromium = await testChromium();
  const page = await chromium.context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) faults.push(message.text());
  });
  const key = await firstKey(dataDir);
  const link = async (...options: readonly string[]): Promise<string> => {
    const { port } = new URL(gateway.base);
    const settings = { PATH: process.env.PATH, HOME: dir, DATA_DIR: dataDir, PORT: port };
    const command = [builtEntry(), "console", ...options];
    const { stdout } = await promisify(execFile)(process.execPath, command, { env: settings });
    return stdout.trim();
  };
  return {
    gateway,
    key,
    page,
    faults,
    link,
    signIn: async (...options) => {
      await page.goto("about:blank");
      await page.goto(await link(...options));
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    },
    open: async (fragment, heading) => {
      await page.goto(`${gateway.base}/console/${fragment}`);
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    },
    post: async (activity) => {
      const answer = await fetch(`${gateway.base}/activities`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=30" },
        body: JSON.stringify(activity),
      });
      return (await answer.json()) as Record<string, unknown>;
    },
    stop: async () => {
      await chromium.stop();
      await gateway.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Violation as axe reports it, shortened. */
export interface AccessFault {
  readonly id: string;
  readonly nodes: readonly string[];
}

/** Checks the page against the rules of axe (WCAG and best practices). */
export async function accessFaults(page: Page): Promise<readonly AccessFault[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>("axe.run()");
  return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html.slice(0, 200)) }));
}

interface AxeResults {
  readonly violations: ReadonlyArray<{ readonly id: string; readonly nodes: ReadonlyArray<{ readonly html: string }> }>;
}
