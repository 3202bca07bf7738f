import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import { APPEND } from "../src/event-log/redis-event-log.ts";
import { scriptRunner } from "../src/redis/script-runner.ts";
import { type Figure, median, percentile } from "./figures.ts";
import { type BenchGateway, benchGateway } from "./gateway.ts";

type ClientReport = {
  readonly open?: number;
  readonly round?: number;
  readonly ages?: readonly number[];
  readonly failed?: string;
};

const COLLECT = new URL("./collect.cjs", import.meta.url).pathname;
const CLIENTS = new URL("./stream-clients.ts", import.meta.url).pathname;

/**
 * Measures idle event streams. Memory per stream is (RSS after - before) / n, after a garbage collection both times;
 * the latency is from the append of one event to listeners in another process.
 */
export async function streams(count = 5_000, rounds = 9): Promise<readonly Figure[]> {
  const gateway = await benchGateway({ NODE_OPTIONS: `--require=${COLLECT}` });
  const clients = fork(CLIENTS, { execArgv: ["--import", "tsx"], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  try {
    await warm(gateway);
    const before = await settled(gateway);
    clients.send({ port: gateway.port, key: gateway.key, count, events: rounds });
    await nextReport(clients, ({ open }) => open === count);
    const after = await settled(gateway);
    const ages = await measure(gateway.redis.connect(), clients, count, rounds);
    const later = await settled(gateway);
    const perRound = Array.from({ length: rounds }, (_, i) => ages.slice(i * count, (i + 1) * count)).slice(1);
    const over = (at: number) => perRound.map((round) => percentile(round, at));
    return [
      { name: `RSS per idle stream, ${count} open`, value: (after - before) / count, unit: "KiB", must: { max: 25 } },
      { name: "the same after the events", value: (later - before) / count, unit: "KiB" },
      { name: `append to read by ${count}, p50 (median of rounds)`, value: median(over(0.5)), unit: "ms" },
      { name: "  p99 (median of rounds)", value: median(over(0.99)), unit: "ms", must: { max: 150 } },
      { name: "  p99 (worst round)", value: Math.max(...over(0.99)), unit: "ms" },
    ];
  } finally {
    clients.kill();
    await gateway.stop();
  }
}

/** Opens and closes a few streams first, so that one-time allocations are not counted. */
async function warm(gateway: BenchGateway): Promise<void> {
  for (let i = 0; i < 50; i++) {
    const abort = new AbortController();
    const headers = { Authorization: `Bearer ${gateway.key}`, Accept: "text/event-stream" };
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/gateway/events`, { headers, signal: abort.signal });
    await answer.body?.getReader().read();
    abort.abort();
  }
}

/** RSS in KiB after the garbage is gone. */
async function settled({ api, rss }: BenchGateway): Promise<number> {
  for (let i = 0; i < 3; i++) {
    api.kill("SIGUSR2");
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return rss().api;
}

async function measure(redis: Redis, clients: ChildProcess, count: number, rounds: number) {
  const [log] = await redis.keys("*:log:*");
  if (log === undefined) throw new Error("the app has no log");
  const run = scriptRunner(redis, { append: APPEND });
  const keys = { log, epoch: log.replace(":log:", ":epoch:") };
  const finished = nextReport(clients, ({ ages }) => ages?.length === count * rounds);
  for (let i = 0; i < rounds; i++) {
    const round = nextReport(clients, (report) => report.round === i + 1 || report.ages !== undefined);
    const event = { type: "result", rid: `${i}`, padding: "x".repeat(200), stamp: String(process.hrtime.bigint()) };
    const args = { nextEpoch: "bench", eventsKept: 100_000, field: "e", value: JSON.stringify(event) };
    await run.append({ keys, args });
    await round;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return (await finished).ages ?? [];
}

async function nextReport(child: ChildProcess, fits: (message: ClientReport) => boolean): Promise<ClientReport> {
  for (;;) {
    const [message] = (await once(child, "message", { signal: AbortSignal.timeout(60_000) })) as [ClientReport];
    if (message.failed !== undefined) throw new Error(message.failed);
    if (fits(message)) return message;
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { table } = await import("./figures.ts");
  console.log(readFileSync("/proc/loadavg", "utf8").trim());
  console.log(table("Event streams", await streams()));
}
