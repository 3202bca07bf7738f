import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/docs-samples.ts";
import { ALONE, KILLS, SLOW } from "./tiers.ts";

describe("tiers of the tests", () => {
  it.each([...ALONE, ...KILLS, ...SLOW].filter((path) => !path.includes("*")))("list %s, which exists", (path) => {
    expect(existsSync(join(ROOT, path))).toBe(true);
  });
});
