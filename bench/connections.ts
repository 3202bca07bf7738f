import { setTimeout as sleep } from "node:timers/promises";
import type { TestNetwork } from "../test/contracts/connections/test-network.ts";
import { ircNetwork } from "../test/support/irc-network.ts";
import { type Listener, listen, put, type StreamedEvent } from "./connection-listener.ts";
import { type Figure, median, percentile } from "./figures.ts";
import { type BenchGateway, benchGateway } from "./gateway.ts";

const COLLECT = new URL("./collect.cjs", import.meta.url).pathname;

/**
 * Measures chat accounts on one worker. Memory per account is (RSS after - before) / n, after a garbage collection both
 * times; further figures are the time until all are online, and the latency from the peer's write to a listener.
 */
export async function connectionFigures(count = 1_000, perSecond = 200, seconds = 10): Promise<readonly Figure[]> {
  const network = await ircNetwork("ngircd");
  const gateway = await benchGateway({
    PLATFORMS: "irc",
    ALLOW_PRIVATE: "127.0.0.0/8",
    NODE_OPTIONS: `--require=${COLLECT}`,
  });
  const listener = await listen(gateway);
  try {
    await put(gateway, network, count, 20);
    await listener.until((all) => online(all) >= 20, 60_000);
    const before = await settled(gateway);
    const started = performance.now();
    for (let from = 0; from < count; from += 50) await put(gateway, network, from, 50);
    await listener.until((all) => online(all) >= count + 20, 120_000);
    const connected = performance.now() - started;
    const after = await settled(gateway);
    const arriving = performance.now();
    for (let n = 0; n < count; n++) await network.peerSends(n, `hello ${n}`);
    await listener.until((all) => all.filter(({ type }) => type === "activity").length >= count, 60_000);
    const arrived = performance.now() - arriving;
    const ages = await latency(listener, network, count, perSecond, seconds);
    return [
      {
        name: `RSS per held account, ${count} online`,
        value: (after - before) / count,
        unit: "KiB",
        must: { max: 150 },
      },
      { name: "PUT of the first to the last online", value: connected / 1_000, unit: "s", must: { max: 60 } },
      { name: "a message to each, until the last event", value: arrived / 1_000, unit: "s" },
      { name: `peer to SSE at ${perSecond}/s, p50`, value: median(ages), unit: "ms", must: { max: 10 } },
      { name: "  p99", value: percentile(ages, 0.99), unit: "ms", must: { max: 50 } },
    ];
  } finally {
    listener.close();
    await gateway.stop();
    await network.close();
  }
}

const online = (all: readonly StreamedEvent[]): number =>
  all.filter(({ type, state }) => type === "session" && state === "online").length;

async function latency(listener: Listener, network: TestNetwork, count: number, perSecond: number, seconds: number) {
  const sent = new Map<string, number>();
  const ages: number[] = [];
  listener.onHeard((event, at) => {
    const from = sent.get(event.object?.body ?? "");
    if (from !== undefined) ages.push(at - from);
  });
  const total = perSecond * seconds;
  const began = performance.now();
  const saying: Array<Promise<void>> = [];
  for (let n = 0; n < total; n++) {
    const wait = began + (n * 1_000) / perSecond - performance.now();
    if (wait > 1) await sleep(wait);
    const text = `stamp ${n}`;
    sent.set(text, performance.now());
    saying.push(network.peerSends(n % count, text));
  }
  await Promise.all(saying);
  await listener.until(() => ages.length >= total, 30_000);
  return ages;
}

async function settled({ worker, rss }: BenchGateway): Promise<number> {
  for (let i = 0; i < 3; i++) {
    worker.kill("SIGUSR2");
    await sleep(700);
  }
  return rss().worker;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { table } = await import("./figures.ts");
  console.log(table("Held connections", await connectionFigures(...process.argv.slice(2).map(Number))));
}
