import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isBounded } from "../../ops/patterns/bounded.ts";
import { ROOT } from "../support/docs-samples.ts";

const dir = mkdtempSync(join(tmpdir(), "dgm-patterns-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs the check over a file of this text. */
function checked(text: string) {
  const file = join(dir, "file.ts");
  writeFileSync(file, text);
  return spawnSync(process.execPath, ["--import", "tsx", join(ROOT, "ops/check-patterns.ts"), file], {
    cwd: ROOT,
    encoding: "utf8",
  });
}

describe("check of regular expressions", () => {
  it("takes expressions of linear time", () => {
    const { status, stdout } = checked("export const name = /^[a-z]+$/; export const line = /^a*b/m;");
    expect([status, stdout]).toEqual([0, "2 regular expressions, 0 refused\n"]);
  });

  it("refuses quadratic and exponential ones, and names the place and the attack", () => {
    const { status, stderr } = checked("export const end = / +$/;\nexport const words = /^(a+)+$/;");
    expect(status).toBe(1);
    expect(stderr).toMatch(/file\.ts:1: \/ \+\$\/ 2nd degree polynomial: .*repeat/);
    expect(stderr).toMatch(/file\.ts:2: .*exponential/);
  });

  it("refuses expressions that a function makes of its input", () => {
    const { status, stderr } = checked("export const search = (word: string) => new RegExp(word);");
    expect(status).toBe(1);
    expect(stderr).toMatch(/file\.ts:1: .*made in a function/);
  });
});

describe("bounded expressions", () => {
  it.each(["^a{1,64}@b{0,251}$", "(?:full|exceed)[^.\\n]{0,40}", "[*+]\\+", "(?:a|b){0,500}"])(
    "%s is one",
    (source) => {
      expect(isBounded(source)).toBe(true);
    },
  );

  it.each(["a*", "a+", "a{2,}", "(?:a{0,9}b){0,9}", "((?:a{0,9})b){0,9}", "a{0,600}b{0,600}"])(
    "%s is none",
    (source) => {
      expect(isBounded(source)).toBe(false);
    },
  );
});
