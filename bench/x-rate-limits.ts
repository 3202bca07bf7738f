import { setTimeout as sleep } from "node:timers/promises";
import { ALICE, BOB, oauth1Of, xSimulator } from "../test/support/x-simulator.ts";
import { type Figure, percentile } from "./figures.ts";
import { type BenchGateway, benchGateway } from "./gateway.ts";

const LIMIT = { calls: 15, seconds: 5 };
/** Recipients; each conversation is a lane. */
const readers = Array.from({ length: 100 }, (_, at) => ({
  id: String(1_000 + at),
  username: `reader${at}`,
  name: "R",
}));

/**
 * Measures fairness at a rate limit. One account of X sends a hundred messages at 15 calls in 5 s; another account
 * writes at a steady pace. Compares the latency of the other account, from POST to result, with its latency alone.
 */
export async function xLimits(count = 100, pauseMs = 50, others = 600): Promise<readonly Figure[]> {
  const endpoint = "POST /2/dm_conversations/with/{participant_id}/messages";
  const limits = { [`${BOB.id} ${endpoint}`]: LIMIT, [`${ALICE.id} ${endpoint}`]: { calls: 1e6, seconds: 900 } };
  const server = await xSimulator({ limits, people: [BOB, ALICE, ...readers] });
  const gateway = await benchGateway({ PLATFORMS: "twitter", ALLOW_PRIVATE: "127.0.0.0/8", X_API_URL: server.origin });
  try {
    for (const { id, username } of [BOB, ALICE]) {
      await call(gateway, "PUT", "/accounts", { platform: "x", address: `@${username}`, credentials: oauth1Of(id) });
    }
    await steady(gateway, "warm", 100, pauseMs);
    const before = await steady(gateway, "before", others / 2, pauseMs);
    const started = performance.now();
    const bobs = Array.from({ length: count }, (_, at) => sent(gateway, "@bob", `bob ${at}`, at));
    const beside = await steady(gateway, "beside", others, pauseMs);
    await Promise.all(bobs);
    await until(() => server.messages.filter(({ from }) => from === BOB.id).length >= count, 90_000);
    const seconds = (performance.now() - started) / 1_000;
    // Measured alone before and after, so that other load of the machine counts on both sides.
    const alone = [...before, ...(await steady(gateway, "after", others / 2, pauseMs))];
    const texts = server.messages.filter(({ from }) => from === BOB.id).map(({ text }) => text);
    const refused = server.exchanges.filter(({ status }) => status === 429).length;
    return [
      { name: `messages of ${count} that got out`, value: texts.length, unit: "", must: { min: count } },
      { name: "  of them doubled", value: texts.length - new Set(texts).size, unit: "", must: { max: 0 } },
      { name: "  requests that X turned away", value: refused, unit: "" },
      { name: "  time for all of them", value: seconds, unit: "s" },
      ratio("p50", 0.5, alone, beside),
      ratio("p99", 0.99, alone, beside),
      { name: "  the other's p50, p99 alone", value: percentile(alone, 0.5), unit: "ms" },
      { name: "", value: percentile(alone, 0.99), unit: "ms" },
    ];
  } finally {
    await gateway.stop();
    await server.stop();
  }
}

function ratio(name: string, at: number, alone: readonly number[], beside: readonly number[]): Figure {
  const value = percentile(beside, at) / percentile(alone, at);
  return { name: `another account's ${name}, beside over alone`, value, unit: "", must: { max: 1.5 } };
}

/** Sends messages of alice at an even pace. Returns the milliseconds from each POST to its result. */
async function steady(gateway: BenchGateway, name: string, count: number, pauseMs: number): Promise<readonly number[]> {
  const times: Array<Promise<number>> = [];
  for (let at = 0; at < count; at++) {
    const started = performance.now();
    times.push(sent(gateway, "@alice", `${name} ${at}`, at, 25).then(() => performance.now() - started));
    await sleep(pauseMs);
  }
  return Promise.all(times);
}

async function sent(gateway: BenchGateway, address: string, body: string, at: number, wait = 0): Promise<void> {
  const activity = { rid: `${address.slice(1)}-${body.replaceAll(" ", "-")}-${at}`, platform: "x", verb: "send" };
  const rest = { actor: { address }, target: { address: readers[at % readers.length]?.id }, object: { body } };
  await call(gateway, "POST", "/activities", { ...activity, ...rest }, wait);
}

async function call(gateway: BenchGateway, method: string, path: string, body: object, wait = 0): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/gateway${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${gateway.key}`,
      "Content-Type": "application/json",
      ...(wait > 0 ? { Prefer: `wait=${wait}` } : {}),
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status >= 300) throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`);
}

async function until(fits: () => boolean, mostMs: number): Promise<void> {
  const end = performance.now() + mostMs;
  while (!fits()) {
    if (performance.now() > end) throw new Error("It took too long");
    await sleep(50);
  }
}
