// Kills a gateway again and again under load, and joins four independent books over what became of each activity.
//
//   npm run torture -- --minutes 4 --seed 7 --kill worker,redis,api,all
//   npm run torture -- --minutes 20 --strikes 60 --kill worker --record
//
// Prints one line for each kind of fault, writes a report page, and exits with 1 when a promise was broken.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_FAULTS, faultNames } from "./faults.ts";
import { recordedIn } from "./promises.ts";
import { reportPage } from "./report-page.ts";
import { isBroken, reportLine, torture } from "./torture.ts";

const root = join(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "4" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    kill: { type: "string", default: DEFAULT_FAULTS.join() },
    // Ends a fault after so many kills, before its share of the minutes is over.
    strikes: { type: "string", default: "1000000" },
    report: { type: "string", default: join(root, ".cache", "torture.html") },
    // Writes the lines into docs/promises.md.
    record: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 600)) throw new Error("--minutes takes a number up to 600");
const strikes = Number(values.strikes);
if (!(strikes >= 1)) throw new Error("--strikes takes a number from 1");

const promises = join(root, "docs", "promises.md");
const reports = await torture({
  faults: faultNames(values.kill),
  minutes,
  strikes,
  seed: Number(values.seed),
  onProgress: (fault, { second, accepted, results, kills }) =>
    process.stderr.write(`\r${fault} ${second} s: accepted ${accepted}, results ${results}, strikes ${kills}   `),
  onReport: (report) => {
    process.stderr.write("\n");
    console.log(reportLine(report));
    if (values.record) writeFileSync(promises, recordedIn(readFileSync(promises, "utf8"), [reportLine(report)]));
  },
});
mkdirSync(dirname(values.report), { recursive: true });
writeFileSync(values.report, reportPage(reports));
console.log(`report: ${values.report}`);
process.exit(reports.some(isBroken) ? 1 : 0);
