import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Checkout, linkedCheckout } from "../support/checkout.ts";
import { type TestChromium, testChromium } from "../support/chromium.ts";
import { COPIED, documents, ROOT, type Sample, samplesIn } from "../support/docs-samples.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { sampleRun } from "../support/sample-run.ts";

let checkout: Checkout;
let gateway: GatewayProcess;
let chromium: Promise<TestChromium> | undefined;

beforeAll(async () => {
  checkout = await linkedCheckout();
  gateway = await gatewayProcess({ role: "all", dataDir: join(checkout.dir, "data") });
});
afterAll(async () => {
  await (await chromium)?.stop();
  await gateway?.stop();
  await checkout?.remove();
});

const browser = () => {
  chromium ??= testChromium();
  return chromium;
};
const executed = ({ mark }: Sample) => mark === "run" || mark === "run: background" || mark === "post";

describe("The samples of the documents work as printed", () => {
  const withSamples = documents().filter((document) => samplesIn(document).some(executed));
  it.each(withSamples)("%s", { timeout: 180_000 }, async (document) => {
    const dir = checkout.dir;
    const origin = new URL(gateway.base).origin;
    const runner = await sampleRun({ dir, origin, key: await firstKey(join(dir, "data")), browser });
    const samples = samplesIn(document);
    try {
      for (const [at, sample] of samples.entries()) {
        const next = samples[at + 1];
        if (executed(sample)) await runner.run(sample, next?.mark === "output" ? next : undefined);
      }
    } finally {
      await runner.finish();
    }
  });
});

describe("The documents", () => {
  it.each(documents())("%s marks each block that readers may copy", (document) => {
    const known = /^(run|run: background|post|output|shape|torture figures|run in: (?<file>\S+))$/;
    for (const { language, mark, location, text } of samplesIn(document)) {
      if (!COPIED.includes(language) && mark === "") continue;
      expect(mark, `the mark above ${location}`).toMatch(known);
      const file = known.exec(mark)?.groups?.file;
      if (file === undefined) continue;
      const test = readFileSync(join(ROOT, file), "utf8");
      for (const line of text.split("\n")) expect(test, `${file} runs ${location}`).toContain(line);
    }
  });

  it.each(documents())("%s links to existing targets", (document) => {
    const text = readFileSync(join(ROOT, document), "utf8").replaceAll(/```.*?```/gs, "");
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? join(ROOT, document) : join(ROOT, dirname(document), path);
      expect(existsSync(file), `${document} links to ${target}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(file), `${document} links to ${target}`).toContain(anchor);
    }
  });

  it("agree with the code in every number of docs/limits.md", () => {
    const rows = [
      ...readFileSync(join(ROOT, "docs/limits.md"), "utf8").matchAll(/`((?:src|routes|workers)[\w/-]*): ([^`]+)`/g),
    ];
    expect(rows.length).toBeGreaterThan(40);
    for (const [quote, folder = "", code = ""] of rows) {
      const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).filter((name) =>
        /\.(ts|lua)$/.test(name),
      );
      const holders = files.filter((name) => readFileSync(join(ROOT, folder, name), "utf8").includes(code));
      expect(holders.length, `files that hold ${quote} of docs/limits.md`).toBeGreaterThan(0);
    }
  });
});

/** Anchors as GitHub derives them from headings. */
function anchorsOf(file: string): readonly string[] {
  return [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
