import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { median } from "./figures.ts";

// Computes what a given load needs, from the unit costs that `npm run bench -- --against REV --json FILE` measured.
//
//   npx tsx bench/scaling.ts [--users N] [--activities N] [--peak FACTOR] [--hours H] [FILE]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    users: { type: "string", default: "1000000" },
    activities: { type: "string", default: "100000000" },
    peak: { type: "string", default: "3" },
    hours: { type: "string", default: "24" },
  },
});
const [file = new URL("../docs/performance.json", import.meta.url).pathname] = positionals;
const costs = costsIn(file);
const users = Number(values.users);
const perDay = Number(values.activities);
const peakRate = (perDay / 86_400) * Number(values.peak);

/** Share of a core that may be busy at the peak. Rewrites, take-overs and bursts need the rest. */
const BUSY = 0.6;
/** Number of hash tags. An app has one of them, so that at most so many masters share the apps. */
const TAGS = 16;
/** Memory of an open stream, and streams per API process. Open files and the garbage collector bear so many well. */
const STREAM_KIB = 21;
const STREAMS_PER_API = 25_000;

const cores = (microseconds: number): number => (peakRate * microseconds) / 1e6 / BUSY;
const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
const keptActivities = (perDay / 24) * Number(values.hours);
const rows: ReadonlyArray<readonly [what: string, amount: string, from: string]> = [
  ["activities a second at the peak", peakRate.toFixed(0), `${perDay} a day, peak ${values.peak} times the mean`],
  ["Redis masters by CPU", wholes(cores(costs.redisCpu)), `${costs.redisCpu.toFixed(0)} us each, ${BUSY * 100} % busy`],
  ["Redis memory", gib(keptActivities * costs.memory), `${costs.memory.toFixed(0)} B each for ${values.hours} h`],
  [
    "AOF written at the peak",
    `${((peakRate * costs.aof) / 2 ** 20).toFixed(1)} MiB/s`,
    `${costs.aof.toFixed(0)} B each`,
  ],
  ["worker cores", wholes(cores(costs.workerCpu)), `${costs.workerCpu.toFixed(0)} us each`],
  ["API cores for activities", wholes(cores(costs.apiCpu)), `${costs.apiCpu.toFixed(0)} us each`],
  ["API processes for streams", wholes(users / STREAMS_PER_API), `${STREAMS_PER_API} streams each`],
  ["memory of streams", gib(users * STREAM_KIB * 1024), `${STREAM_KIB} KiB each`],
  ["most that one app can have", `${(1e6 / costs.redisCpu).toFixed(0)}/s`, "an app's keys lie on one master"],
  ["most masters that share apps", `${TAGS}`, "hash tags of the key names"],
];
console.log(["| | | from |", "|---|---|---|", ...rows.map((cells) => `| ${cells.join(" | ")} |`)].join("\n"));

function wholes(amount: number): string {
  return String(Math.max(1, Math.ceil(amount)));
}

/** Reads the medians of this revision. */
function costsIn(path: string): Readonly<Record<"redisCpu" | "workerCpu" | "apiCpu" | "memory" | "aof", number>> {
  const { subjects } = JSON.parse(readFileSync(path, "utf8")) as {
    subjects: ReadonlyArray<{ readonly rounds: ReadonlyArray<Record<string, number>> }>;
  };
  const rounds = subjects.at(-1)?.rounds ?? [];
  const of = (name: string): number => median(rounds.map((round) => round[name] ?? Number.NaN));
  return {
    redisCpu: of("redisCpu"),
    workerCpu: of("workerCpu"),
    apiCpu: of("apiCpu"),
    memory: of("memory"),
    aof: of("aof"),
  };
}
