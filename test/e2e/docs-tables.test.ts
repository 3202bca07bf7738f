import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Platform } from "../../src/platform/platform.ts";
import { platforms } from "../../src/platforms/index.ts";
import { answersTables } from "../support/answers-table.ts";
import { platformsPage } from "../support/docs-matrix.ts";
import { ROOT } from "../support/docs-samples.ts";
import { EVENT_ERRORS, errorsPage, settingsPage } from "../support/docs-tables.ts";
import { migratingPage, vocabularyPage } from "../support/docs-vocabulary.ts";

const shippedPlatforms = (): readonly Platform[] => platforms({}).filter(({ id }) => id !== "dummy");

it("docs/errors.md lists the refusals that the routes answer", async () => {
  await expect(errorsPage()).toMatchFileSnapshot(join(ROOT, "docs/errors.md"));
});

it("docs/sessions.md lists the classification of each answer of a network", async () => {
  const path = join(ROOT, "docs/sessions.md");
  const page = readFileSync(path, "utf8");
  const [before = ""] = page.split("| XMPP | `state` |");
  const after = page.slice(page.indexOf("\n\nA test plays the answers"));
  await expect(`${before}${answersTables()}${after}`).toMatchFileSnapshot(path);
});

it("docs/settings.md lists the settings that are read", async () => {
  await expect(settingsPage()).toMatchFileSnapshot(join(ROOT, "docs/settings.md"));
});

it("docs/platforms.md lists the verbs of each platform, and each platform has a page", async () => {
  const page = platformsPage();
  await expect(page).toMatchFileSnapshot(join(ROOT, "docs/platforms.md"));
  const links = [...page.matchAll(/\]\((platforms\/[a-z]+\.md)\)/g)].map(([, path = ""]) => path);
  for (const path of new Set(links)) expect(existsSync(join(ROOT, "docs", path)), path).toBe(true);
});

it("docs/vocabulary.md lists verbs, terms and entities, and maps them to other networks", async () => {
  await expect(vocabularyPage(shippedPlatforms())).toMatchFileSnapshot(join(ROOT, "docs/vocabulary.md"));
});

it("docs/migrating.md lists all renamed properties and verbs", async () => {
  await expect(migratingPage(shippedPlatforms())).toMatchFileSnapshot(join(ROOT, "docs/migrating.md"));
});

it("docs/errors.md lists exactly the error codes of events", () => {
  const found = new Set<string>();
  for (const folder of [
    "src/platforms",
    "src/delivery",
    "src/egress",
    "src/model",
    "src/operations",
    "src/platform/kit",
    "workers",
  ]) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts")) continue;
      const text = readFileSync(join(ROOT, folder, name), "utf8");
      const coded =
        /(?:\bcode: |"(?:permanent|retryable|rate-limited|auth)",\s*|^ {2}(?:permanent|retryable|auth|"rate-limited"): )"(?!code")([a-z]+(?:-[a-z]+)*)"/gm;
      for (const [, code = ""] of text.matchAll(coded)) found.add(code);
    }
  }
  // `abandoned` never leaves the core; mail's own refusal of input is answered as a problem; kinds are no codes.
  for (const inner of ["abandoned", "validation-failed"]) expect(found.delete(inner), inner).toBe(true);
  expect([...found].sort()).toEqual(Object.keys(EVENT_ERRORS).sort());
});
