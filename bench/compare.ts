import { writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { median, percentile } from "./figures.ts";
import { type BenchGateway, benchCeiling, benchGateway } from "./gateway.ts";
import { plot } from "./plot.ts";
import { type ResultLoad, restLoad, socketLoad } from "./result-loads.ts";
import { buildRevision } from "./revision.ts";

const WINDOW = 100;
const LANES = 1_000;

/** Figures of one round of a subject. Counts are per activity. */
interface Round {
  readonly rest: number;
  readonly socket: number;
  readonly p50: number;
  readonly p99: number;
  readonly scripts: number;
  readonly commands: number;
  readonly aof: number;
  readonly memory: number;
  readonly redisCpu: number;
  readonly workerCpu: number;
  readonly apiCpu: number;
}

const TITLES: Readonly<Record<keyof Round, string>> = {
  rest: "REST and SSE, 100 in flight, results/s",
  socket: "WebSocket in and out, 100 in flight, results/s",
  p50: "REST and SSE, one in flight, p50, ms",
  p99: "REST and SSE, one in flight, p99, ms",
  scripts: "script calls per activity",
  commands: "Redis commands per activity",
  aof: "AOF bytes per activity",
  memory: "Redis memory per activity kept, bytes",
  redisCpu: "CPU per activity, Redis, us",
  workerCpu: "CPU per activity, worker, us",
  apiCpu: "CPU per activity, API, us",
};
const FIGURES = Object.keys(TITLES) as ReadonlyArray<keyof Round>;

/** Something that takes activities and reports results. */
interface Subject {
  readonly name: string;
  readonly gateway: BenchGateway;
  readonly rounds: Round[];
}

/** Compares this revision with another and with the bare ceiling, in alternating rounds. */
async function compare(against: string, rounds: number, count: number): Promise<readonly Subject[]> {
  const revision = await buildRevision(against);
  const subjects: Subject[] = [];
  try {
    subjects.push({ name: "bare Express + BullMQ", gateway: await benchCeiling(), rounds: [] });
    subjects.push({ name: revision.name, gateway: await benchGateway({}, revision.root), rounds: [] });
    subjects.push({ name: "this revision", gateway: await benchGateway(), rounds: [] });
    for (const { gateway } of subjects) await roundOf(gateway, "warm", Math.min(count, 1_000));
    for (let round = 0; round < rounds; round++) {
      for (const { name, gateway, rounds: done } of subjects) {
        done.push(await roundOf(gateway, `r${round}`, count));
        console.error(`round ${round + 1} of ${rounds}, ${name}: ${JSON.stringify(done.at(-1))}`);
      }
    }
    return subjects;
  } finally {
    for (const { gateway } of subjects) await gateway.stop();
    await revision.remove();
  }
}

async function roundOf(gateway: BenchGateway, name: string, count: number): Promise<Round> {
  const rest = await restLoad(gateway, WINDOW);
  const times = await oneByOne(rest, `${name}-one`, Math.ceil(count / 20));
  const before = await counters(gateway);
  const restRate = await windowed(rest, `${name}-rest`, count);
  const after = await counters(gateway);
  rest.close();
  const socket = await socketLoad(gateway);
  const socketRate = await windowed(socket, `${name}-socket`, count);
  socket.close();
  const each = (key: keyof typeof before): number => (after[key] - before[key]) / count;
  return {
    rest: restRate,
    socket: socketRate,
    p50: median(times),
    p99: percentile(times, 0.99),
    scripts: each("scripts"),
    commands: each("commands"),
    aof: each("aof"),
    memory: each("memory"),
    redisCpu: each("redisCpu") * 1e6,
    workerCpu: each("workerCpu") * 1e6,
    apiCpu: each("apiCpu") * 1e6,
  };
}

async function oneByOne(load: ResultLoad, name: string, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    await load.carryOut(`${name}-${index}`, index % LANES);
    times.push(performance.now() - started);
  }
  return times;
}

/** Keeps a window of activities in flight; returns results per second. */
async function windowed(load: ResultLoad, name: string, count: number): Promise<number> {
  const started = performance.now();
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      await load.carryOut(`${name}-${index}`, index % LANES);
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, loop));
  return count / ((performance.now() - started) / 1_000);
}

/** Reads counts that don't depend on the machine, and CPU seconds. */
async function counters({ redis: server, cpu }: BenchGateway) {
  const redis = server.connect();
  const [stats, persistence, memory] = await Promise.all([
    redis.info("commandstats"),
    redis.info("persistence"),
    redis.info("memory"),
  ]);
  redis.disconnect();
  const calls = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name = "", n]) => ({ name, n: Number(n) }));
  const sum = (list: typeof calls): number => list.reduce((total, { n }) => total + n, 0);
  const { redis: redisCpu, worker: workerCpu, api: apiCpu } = cpu();
  return {
    commands: sum(calls),
    scripts: sum(calls.filter(({ name }) => name.startsWith("eval"))),
    aof: Number(/aof_current_size:(\d+)/.exec(persistence)?.[1]),
    memory: Number(/used_memory:(\d+)/.exec(memory)?.[1]),
    redisCpu,
    workerCpu,
    apiCpu,
  };
}

/** Makes a Markdown table of medians. The ratio compares this revision with the other. */
function tableOf(subjects: readonly Subject[]): string {
  const of = (subject: Subject, figure: keyof Round) => median(subject.rounds.map((round) => round[figure]));
  const digits = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(0));
  const head = `| | ${subjects.map(({ name }) => name).join(" | ")} | ratio |`;
  const lines = FIGURES.map((figure) => {
    const values = subjects.map((subject) => of(subject, figure));
    const [, other = Number.NaN, own = Number.NaN] = values;
    return `| ${TITLES[figure]} | ${values.map(digits).join(" | ")} | ${(own / other).toFixed(2)} |`;
  });
  return [head, `|---|${"---|".repeat(subjects.length + 1)}`, ...lines].join("\n");
}

const { values } = parseArgs({
  options: {
    against: { type: "string" },
    rounds: { type: "string", default: "3" },
    count: { type: "string", default: "5000" },
    json: { type: "string" },
    svg: { type: "string" },
  },
});
if (values.against === undefined) {
  console.error("Usage: npm run bench -- --against REVISION [--rounds 3] [--count 5000] [--json FILE] [--svg FILE]");
  process.exit(2);
}
const subjects = await compare(values.against, Number(values.rounds), Number(values.count));
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
console.log(`${machine}\n\n${tableOf(subjects)}`);
const raw = subjects.map(({ name, rounds }) => ({ name, rounds }));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, subjects: raw }, null, 2)}\n`);
if (values.svg !== undefined) {
  const bars = (figure: keyof Round) =>
    subjects.map(({ name, rounds }) => ({ name, value: median(rounds.map((round) => round[figure])) }));
  writeFileSync(
    values.svg,
    plot([
      { title: TITLES.rest, bars: bars("rest") },
      { title: TITLES.socket, bars: bars("socket") },
    ]),
  );
}
