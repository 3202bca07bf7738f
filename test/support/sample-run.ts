import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestChromium } from "./chromium.ts";
import { fits, type Sample } from "./docs-samples.ts";
import { type Shell, shell } from "./shell.ts";

export interface SampleRunSettings {
  /** Folder of the commands, which looks like a checkout with a started gateway. */
  readonly dir: string;
  /** `http://127.0.0.1:port`, for the address that documents use. */
  readonly origin: string;
  readonly key: string;
  readonly browser: () => Promise<TestChromium>;
}

/** Executes the blocks of a document in order, as a reader would. */
export interface SampleRun {
  /**
   * Runs a block and compares the output with the following `output` block. Rejects with the position in the document.
   */
  readonly run: (sample: Sample, output: Sample | undefined) => Promise<void>;
  /** Waits for the expected output of background blocks, then ends them. */
  readonly finish: () => Promise<void>;
}

const DOCUMENTED = "//127.0.0.1:8000";

/** Variables of a block remain set in the next blocks, as in a terminal. */
export async function sampleRun({ dir, origin, key, browser }: SampleRunSettings): Promise<SampleRun> {
  const own = await mkdtemp(join(tmpdir(), "dgm-sample-"));
  const variables = join(own, "variables");
  await writeFile(variables, "");
  const behind: Array<{ readonly started: Shell; readonly output: Sample | undefined }> = [];
  let files = 0;

  async function commandFor({ language, text }: Sample): Promise<[string, ...string[]]> {
    const local = text.replaceAll(DOCUMENTED, origin.replace("http:", ""));
    if (language === "bash") {
      const names = [...local.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name).join(" ");
      const keep = names === "" ? "" : `\ndeclare -p ${names} >>'${variables}'`;
      return ["bash", "-euo", "pipefail", "-c", `source '${variables}'\n${local}${keep}`];
    }
    const file = join(dir, `sample-${++files}.${language === "js" ? "mjs" : language}`);
    await writeFile(file, local);
    return [language === "js" ? process.execPath : language, file];
  }

  async function inShell(sample: Sample, output: Sample | undefined): Promise<void> {
    const started = shell(await commandFor(sample), { cwd: dir });
    if (sample.mark === "run: background") {
      behind.push({ started, output });
      await started.until((text) => text !== "", "a first word");
      return;
    }
    const code = await started.ended;
    if (code !== 0) throw new Error(`It ended with ${code}:\n${started.output()}`);
    compare(output, started.answer());
  }

  async function post(sample: Sample, output: Sample | undefined): Promise<void> {
    const response = await fetch(`${origin}/gateway/activities`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: sample.text,
    });
    const answer = await response.text();
    if (output) compare(output, answer);
    else if (response.status !== 202) throw new Error(`It was refused:\n${answer}`);
  }

  /** Opens a page of the same origin with a listener token in the cookie. */
  async function inBrowser(sample: Sample, output: Sample | undefined): Promise<void> {
    const { context } = await browser();
    const token = await fetch(`${origin}/gateway/tokens`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ scope: "listen send" }),
    }).then(async (response) => (await response.json()) as { token: string });
    await context.addCookies([
      {
        name: "dragoman_token",
        value: token.token,
        domain: "127.0.0.1",
        path: "/gateway",
        httpOnly: true,
        sameSite: "Strict",
      },
    ]);
    const page = await context.newPage();
    try {
      await page.route(`${origin}/page`, (route) => route.fulfill({ contentType: "text/html", body: sample.text }));
      const open = page.waitForResponse((response) => response.url().includes("/gateway/events"));
      await page.goto(`${origin}/page`);
      await open;
      await post({ ...sample, text: JSON.stringify(MAIL) }, undefined);
      const expected = output ?? { ...sample, language: "text", text: "sent" };
      const text = () => page.evaluate<string>("document.body.innerText");
      await page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(lastLine(expected.text))})`);
      compare(expected, await text());
    } finally {
      await page.close();
      await context.clearCookies();
    }
  }

  return {
    run: async (sample, output) => {
      try {
        if (sample.mark === "post") await post(sample, output);
        else if (sample.language === "html") await inBrowser(sample, output);
        else await inShell(sample, output);
      } catch (error) {
        throw new Error(`${sample.location}: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    finish: async () => {
      try {
        for (const { started, output } of behind) {
          if (output) await started.until((text) => fits(output, text), `what ${output.location} shows`);
        }
      } finally {
        await Promise.all(behind.splice(0).map(({ started }) => started.stop()));
        await rm(own, { recursive: true, force: true });
      }
    },
  };
}

const MAIL = {
  platform: "email",
  verb: "send",
  actor: { address: "bob@example.com" },
  target: { address: "foo@example.com" },
  object: { subject: "Hi", body: "Hello World!" },
};

function compare(output: Sample | undefined, actual: string): void {
  if (output && !fits(output, actual))
    throw new Error(`${output.location} shows\n${output.text}\nbut what came is\n${actual}`);
}

/** Last texts of a page, without values that differ at each run. */
function lastLine(text: string): string {
  return (text.trim().split("\n").at(-1) ?? "").split("…").sort((a, b) => b.length - a.length)[0] ?? "";
}
