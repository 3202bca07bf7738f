import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import type { DeliveryAudit } from "../support/delivery-audit.ts";
import { ROOT } from "../support/docs-samples.ts";
import { FAULTS, faultNames } from "./faults.ts";
import { recordedIn } from "./promises.ts";
import { reportPage } from "./report-page.ts";
import { type FaultReport, isBroken, reportLine } from "./torture.ts";

/** Command of docs/promises.md; here it runs for seconds and with one kind of fault. */
const COMMAND = "npm run torture -- --minutes 4 --seed 7 --kill worker,redis,api,all";

const dir = mkdtempSync(join(tmpdir(), "dgm-torture-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const audit: DeliveryAudit = {
  accepted: 10,
  refused: 0,
  once: 9,
  unknown: 1,
  unknownRids: ["a-l0-1"],
  unknownDelivered: 0,
  duplicated: [],
  lost: [],
  unexpected: [],
  falselySent: [],
  withoutSingleResult: [],
  failed: [],
  statusMismatches: [],
  effectsOutOfOrder: [],
  eventsOutOfOrder: [],
};
const report = (more: Partial<DeliveryAudit> = {}): FaultReport => ({
  fault: "worker",
  seed: 7,
  kills: 3,
  audit: { ...audit, ...more },
  samples: [
    { second: 0, accepted: 0, results: 0, kills: 0 },
    { second: 2, accepted: 10, results: 9, kills: 3 },
  ],
});

describe("npm run torture", () => {
  it("commits each fault once, joins the books, prints a line and writes a page", async () => {
    const page = join(dir, "report.html");
    const count = Object.keys(FAULTS).length - 1;
    const [npm = "", ...args] = COMMAND.replace("--minutes 4", `--minutes 10 --strikes ${count}`)
      .replace(/worker\S*$/, "mixed")
      .split(" ");
    const { stdout } = await promisify(execFile)(npm, [...args, "--report", page], { cwd: ROOT });
    expect(stdout).toMatch(
      /^mixed accepted [1-9]\d* \| once \d+ unknown \d+ \(delivered \d+\) doubled 0 lost 0 ghost 0 liar 0 silent 0 inversions 0 \| \d+ faults seed 7$/m,
    );
    expect(stdout).toContain(`| ${count} faults`);
    expect(readFileSync(page, "utf8")).toContain("<svg");
  }, 400_000);
});

describe("a report", () => {
  it("is one line, and broken by any promise that was", () => {
    expect(reportLine(report())).toBe(
      "worker accepted 10 | once 9 unknown 1 (delivered 0) doubled 0 lost 0 ghost 0 liar 0 silent 0 inversions 0 | 3 kills seed 7",
    );
    expect(isBroken(report())).toBe(false);
    expect(isBroken(report({ effectsOutOfOrder: ["a-l0-1"] }))).toBe(false);
    for (const list of ["duplicated", "lost", "falselySent", "withoutSingleResult", "effectsOutOfOrder"] as const)
      expect(isBroken(report({ [list]: ["a-l0-2"] }))).toBe(true);
  });

  it("is a page that names the rids behind a figure", () => {
    const page = reportPage([report({ lost: ["a-l0-2"] })]);
    expect(page).toContain('class="broken"');
    expect(page).toContain("lost: a-l0-2");
    expect(page.match(/stroke="#c00"/g)).toHaveLength(1);
  });

  it("takes the place of the same fault's last line in the document", () => {
    const document = (lines: string) =>
      `# Promises\n<!-- torture figures -->\n\`\`\`text\n${lines}\`\`\`\n<!-- end of torture figures -->\n`;
    expect(recordedIn(document("api old\nworker old\n"), ["worker new", "redis new"])).toBe(
      document("api old\nworker new\nredis new\n"),
    );
    expect(() => recordedIn("# Promises\n", ["a"])).toThrow();
  });

  it("knows each fault by its name", () => {
    expect(faultNames("worker, all")).toEqual(["worker", "all"]);
    expect(() => faultNames("moon")).toThrow("--kill takes");
    const document = readFileSync(join(ROOT, "docs/promises.md"), "utf8");
    for (const [name, { title }] of Object.entries(FAULTS)) expect(document).toContain(`| \`${name}\` | ${title} |`);
  });
});
