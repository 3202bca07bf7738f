import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { keys } from "../src/redis/keys.ts";
import { type Figure, median, percentile } from "./figures.ts";
import { type BenchGateway, benchGateway } from "./gateway.ts";
import { line, post } from "./load.ts";

const PATH = "/gateway/activities";
const OUTSTANDING = 100;

function echo(rid: string, lane: number): unknown {
  return {
    rid,
    platform: "dummy",
    verb: "echo",
    actor: { address: "bob@example.com" },
    target: { address: `t${lane}@example.com` },
    object: { body: "Hello World!" },
  };
}

/** Milliseconds from POST to the result frame on SSE, one activity in flight. */
async function latency(gateway: BenchGateway, count: number): Promise<number[]> {
  const stream = connect({ port: gateway.port, host: "127.0.0.1", noDelay: true });
  stream.setEncoding("latin1");
  stream.write(
    `GET /gateway/events?type=result HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${gateway.key}\r\n\r\n`,
  );
  let awaitedText = "event: ready";
  let seen: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    seen = resolve;
  });
  stream.on("data", (text: string) => text.includes(awaitedText) && seen());
  await opened;
  const poster = await line(gateway.port);
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const rid = `lat-${i}-`;
    const result = new Promise<void>((resolve) => {
      awaitedText = `"rid":"${rid}"`;
      seen = resolve;
    });
    const started = performance.now();
    await poster.ask(post(PATH, gateway.key, echo(rid, i % 1_000)));
    await result;
    times.push(performance.now() - started);
  }
  stream.destroy();
  poster.close();
  return times;
}

interface Run {
  readonly accepted: number;
  readonly done: number;
  readonly cpu: { readonly api: number; readonly worker: number; readonly redis: number };
}

/** Posts in a closed loop until every result is there. Rates are per second, CPU in microseconds per activity. */
export async function throughput(gateway: BenchGateway, count: number, activity: (i: number) => unknown): Promise<Run> {
  const lines = await Promise.all(Array.from({ length: OUTSTANDING }, () => line(gateway.port)));
  const redis = gateway.redis.connect();
  const app = (await redis.hget(keys.appNames, "first")) as string;
  const before = gateway.cpu();
  const started = performance.now();
  let next = 0;
  await Promise.all(
    lines.map(async (line) => {
      while (next < count) {
        const answer = await line.ask(post(PATH, gateway.key, activity(next++)));
        if (answer.status !== 202) throw new Error(`a POST was answered ${answer.status}: ${answer.body}`);
      }
    }),
  );
  const accepted = count / ((performance.now() - started) / 1_000);
  while ((await redis.hget(keys.counts(app), "outstanding")) !== "0") await setTimeout(5);
  const done = count / ((performance.now() - started) / 1_000);
  const after = gateway.cpu();
  for (const line of lines) line.close();
  const each = (name: keyof Run["cpu"]) => ((after[name] - before[name]) / count) * 1e6;
  return { accepted, done, cpu: { api: each("api"), worker: each("worker"), redis: each("redis") } };
}

/** The figures of the hot path: accept, lane, worker, event, stream. */
export async function activities(rounds = 3): Promise<Figure[]> {
  const gateway = await benchGateway();
  try {
    await throughput(gateway, 3_000, (i) => echo(`warm-${i}`, i % 1_000));
    const times = (await latency(gateway, 600)).slice(100);
    const many: Run[] = [];
    const few: Run[] = [];
    for (let i = 0; i < rounds; i++) {
      many.push(await throughput(gateway, 15_000, (n) => echo(`many-${i}-${n}`, n % 1_000)));
      few.push(await throughput(gateway, 15_000, (n) => echo(`few-${i}-${n}`, n % 10)));
    }
    const of = (runs: readonly Run[], pick: (run: Run) => number) => median(runs.map(pick));
    return [
      { name: "POST to SSE result, one in flight, p50", value: median(times), unit: "ms", must: { max: 5 } },
      { name: "POST to SSE result, one in flight, p99", value: percentile(times, 0.99), unit: "ms" },
      {
        name: "single POSTs, 100 outstanding, 1,000 lanes: results",
        value: of(many, (run) => run.done),
        unit: "/s",
        must: { min: 2_500 },
      },
      { name: "  the same: accepted", value: of(many, (run) => run.accepted), unit: "/s" },
      { name: "  CPU per activity, API", value: of(many, (run) => run.cpu.api), unit: "us" },
      { name: "  CPU per activity, worker", value: of(many, (run) => run.cpu.worker), unit: "us" },
      { name: "  CPU per activity, Redis", value: of(many, (run) => run.cpu.redis), unit: "us" },
      { name: "the same over 10 lanes: results", value: of(few, (run) => run.done), unit: "/s" },
    ];
  } finally {
    await gateway.stop();
  }
}
