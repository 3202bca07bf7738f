import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { testRedis } from "../test/support/redis.ts";
import type { Figure } from "./figures.ts";

interface Polled {
  readonly perSecond: number;
  readonly cpuSeconds: number;
  readonly alone: number;
  readonly delay: number;
  readonly longest: number;
  readonly p99: number;
  readonly done: number;
  readonly failed: number;
}

/**
 * Measures polls without news (304) with the real poll worker, guard and Redis. The web server is a separate process.
 * Then measures the event loop delay of documents that are hard to parse.
 */
export async function feeds(count = 2_000, seconds = 10): Promise<readonly Figure[]> {
  const redis = await testRedis();
  const site = child("./feed-server.ts", []);
  try {
    const { port } = await nextMessage<{ readonly port: number }>(site);
    const poller = child("./feed-poller.ts", [redis.url, `http://127.0.0.1:${port}`, String(count), String(seconds)]);
    const figures = await nextMessage<Polled>(poller);
    const perCore = 1 / figures.cpuSeconds;
    return [
      { name: "conditional polls (304) per second, as they came", value: figures.perSecond, unit: "/s" },
      { name: "conditional polls per second and core of the worker", value: perCore, unit: "/s", must: { min: 300 } },
      { name: "  CPU per poll, worker", value: figures.cpuSeconds * 1e6, unit: "us" },
      {
        name: "10,000 feeds every 15 min, share of one core",
        value: (10_000 / 900) * figures.cpuSeconds * 100,
        unit: "%",
        must: { max: 4 },
      },
      {
        name: "event loop at work at a stretch, hard feeds coming in",
        value: figures.longest,
        unit: "ms",
        must: { max: 50 },
      },
      { name: "  its delay as seen (with what else the machine does)", value: figures.delay, unit: "ms" },
      { name: "  p99 of that", value: figures.p99, unit: "ms" },
      { name: "  longest delay in 5 s without work", value: figures.alone, unit: "ms" },
      { name: "  hard documents looked at, refused", value: figures.done, unit: "" },
      { name: "", value: figures.failed, unit: "" },
    ];
  } finally {
    site.disconnect();
    await redis.stop();
  }
}

function child(name: string, args: readonly string[]): ChildProcess {
  const path = new URL(name, import.meta.url).pathname;
  return fork(path, [...args], { execArgv: ["--import", "tsx"], stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

async function nextMessage<Message>(from: ChildProcess): Promise<Message> {
  const ended = once(from, "exit").then(() => {
    throw new Error("A process of the bench ended too early");
  });
  const [message] = (await Promise.race([once(from, "message"), ended])) as [Message];
  return message;
}
