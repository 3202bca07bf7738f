import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../support/docs-samples.ts";

it("docs/scaling.md > holds what the simulation computes from the measured costs", () => {
  const [program = "", ...args] = "npx tsx bench/scaling.ts".split(" ");
  const output = execFileSync(program, args, { cwd: ROOT, encoding: "utf8" }).trim();
  expect(readFileSync(join(ROOT, "docs/scaling.md"), "utf8")).toContain(output);
});
