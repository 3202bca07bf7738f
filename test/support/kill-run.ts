import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditDelivery, auditLine, type DeliveryAudit } from "./delivery-audit.ts";
import { readLedger } from "./dummy-ledger.ts";
import { type EventListener, eventListener } from "./event-listener.ts";
import { createApp, firstKey, type GatewayProcess, gatewayProcess } from "./gateway-process.ts";
import {
  type LoadClient,
  loadClient,
  type PostAttempt,
  type PostedActivity,
  postUntilAnswered,
} from "./load-client.ts";
import { type TestRedis, testRedis } from "./redis.ts";
import { type RedisLink, redisLink } from "./redis-link.ts";
import { type SeededRandom, seededRandom } from "./seeded-random.ts";
import { type SkewedClock, skewedClock } from "./skewed-clock.ts";

/** Gateway of real processes under load, audited by records outside the gateway. */
export interface KillRun {
  readonly redis: TestRedis;
  /** Network to Redis, and clocks of the API and the workers, in this order. Only where faults are injected. */
  readonly faults?: { readonly link: RedisLink; readonly clocks: readonly SkewedClock[] };
  readonly api: GatewayProcess;
  readonly workers: readonly GatewayProcess[];
  readonly random: SeededRandom;
  readonly clients: readonly LoadClient[];
  readonly listeners: ReadonlyMap<string, EventListener>;
  readonly posted: () => readonly PostedActivity[];
  /** Ends the load, waits for every result, audits the records and prints a summary. */
  readonly audit: (name: string) => Promise<DeliveryAudit>;
  readonly close: () => Promise<void>;
}

const APPS = 2;
const LANES = 25;
const EVERY_MS = 330;
/** The longest a result may take after the load: takeovers, and the clients' own waits. */
const SETTLE_MS = 60_000;

export interface KillRunOptions {
  /** Puts a proxy before Redis and lets clocks jump, see `KillRun.faults`. */
  readonly injectsFaults?: boolean;
}

/** Starts Redis, an API, workers, two apps of 25 lanes, and a listener per app. The load is about 150 POST/s. */
export async function killRun(
  workers: number,
  random = seededRandom(),
  { injectsFaults = false }: KillRunOptions = {},
): Promise<KillRun> {
  const dataDir = await mkdtemp(join(tmpdir(), "dgm-kill-"));
  // `DEBUG SLEEP` stands for a disk that stalls: with `appendfsync always` Redis waits for it between two commands.
  const redis = await testRedis(injectsFaults ? ["--enable-debug-command", "yes"] : []);
  const link = injectsFaults ? await redisLink(redis.socket) : undefined;
  try {
    return await started(workers, random, { dataDir, redis, link });
  } catch (error) {
    await link?.close();
    await redis.stop();
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
}

interface Ground {
  readonly dataDir: string;
  readonly redis: TestRedis;
  readonly link: RedisLink | undefined;
}

async function started(workers: number, random: SeededRandom, { dataDir, redis, link }: Ground): Promise<KillRun> {
  const ledger = join(dataDir, "ledger");
  const clocks = link
    ? Array.from({ length: 1 + workers }, (_, index) => skewedClock(join(dataDir, `clock${index}`)))
    : [];
  const process = (role: "api" | "worker", index: number) => {
    const env = { REDIS_URL: link?.url ?? redis.url, DUMMY_LEDGER: ledger, ...clocks[index]?.env };
    return gatewayProcess({ role, dataDir, env });
  };
  const api = await process("api", 0);
  const workerProcesses = await Promise.all(
    Array.from({ length: workers }, (_, index) => process("worker", index + 1)),
  );
  const apps = [{ app: "first", key: await firstKey(dataDir) }];
  while (apps.length < APPS) {
    const app = `app${apps.length}`;
    apps.push({ app, key: createApp(app, dataDir, redis.url) });
  }
  const listeners = new Map<string, EventListener>();
  for (const { app, key } of apps) listeners.set(app, await eventListener(api.base, key));
  const lanes = Array.from({ length: LANES }, (_, index) => `l${index}`);
  // A separate sequence, so that the times of the kills depend on the seed alone.
  const mix = seededRandom(random.seed + 1);
  const activity = (lane: string, n: number) => workOf(mix, lane, n);
  const clients = apps.map(({ app, key }) =>
    loadClient({ base: api.base, app, key, lanes, everyMs: EVERY_MS, activity }),
  );
  const posted = () => clients.flatMap(({ posted: book }) => book);
  console.log(`KILL_SEED=${random.seed}`);

  return {
    redis,
    ...(link ? { faults: { link, clocks } } : {}),
    api,
    workers: workerProcesses,
    random,
    clients,
    listeners,
    posted,
    audit: async (name) => {
      await Promise.all(clients.map((client) => client.stop()));
      await Promise.all(
        apps.map(async ({ app, key }) => {
          await awaitResults(listeners.get(app) as EventListener, api.base, key, app, posted());
        }),
      );
      const each = await Promise.all(apps.map(({ app, key }) => statusesOf(api.base, key, app, posted())));
      const standing = new Map(each.flatMap((perApp) => [...perApp]));
      const events = new Map([...listeners].map(([app, listener]) => [app, listener.events]));
      const isLoad = ({ rid }: { rid: string }) => !rid.endsWith(LAST);
      const verdict = auditDelivery({
        posted: posted(),
        ledger: (await readLedger(ledger)).filter(isLoad),
        events,
        statuses: standing,
      });
      console.log(`${name}: ${auditLine(verdict)}\n${answersLine(clients.flatMap(({ attempts: tries }) => tries))}`);
      for (const { rid, problem } of posted()) if (problem !== undefined) console.log(`${rid}: ${problem}`);
      for (const { rid, error } of [...events.values()].flat()) {
        if (verdict.failed.includes(String(rid)) && error) console.log(`${rid}: ${error.code}: ${error.detail}`);
      }
      return verdict;
    },
    close: async () => {
      for (const client of clients) void client.stop();
      for (const listener of listeners.values()) listener.close();
      await Promise.all([api, ...workerProcesses].map((gateway) => gateway.stop()));
      await link?.close();
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Summarizes the statuses of all POSTs and the median latency of the accepted ones. */
function answersLine(tries: readonly PostAttempt[]): string {
  const counts = new Map<number, number>();
  for (const { status } of tries) counts.set(status, (counts.get(status) ?? 0) + 1);
  const answers = [...counts].map(([status, count]) => `${status || "no answer"} ${count}`);
  const times = tries.flatMap(({ status, ms }) => (status === 202 ? [ms] : [])).toSorted((a, b) => a - b);
  return `POSTs: ${answers.join(", ")}; 202 in ${times[times.length >> 1]} ms (median)`;
}

const LAST = "-last";

/** Creates an activity. Half of them finish at once; the others keep a worker busy before or after the effect. */
function workOf(random: SeededRandom, lane: string, n: number): Record<string, unknown> {
  const head = { platform: "dummy", actor: { address: "bob" }, target: [{ address: lane }] };
  const kind = random.between(0, 3);
  if (kind < 2) return { ...head, verb: "echo", object: { n } };
  const when = kind === 2 ? "before" : "after";
  return { ...head, verb: "delay", object: { n, ms: random.between(20, 200), when } };
}

/**
 * Waits for a result of each accepted rid, then for a last activity. By order, all earlier events have then arrived.
 */
export async function awaitResults(
  listener: EventListener,
  base: string,
  key: string,
  app: string,
  posted: readonly PostedActivity[],
): Promise<void> {
  const missing = new Set(
    posted.flatMap((activity) => (activity.app === app && activity.outcome === "accepted" ? [activity.rid] : [])),
  );
  let read = 0;
  const all = (): boolean => {
    for (; read < listener.events.length; read++) {
      const event = listener.events[read];
      if (event?.type === "result") missing.delete(String(event.rid));
    }
    return missing.size === 0;
  };
  // Missing results are reported by the audit.
  await listener.until(all, SETTLE_MS).catch(() => undefined);
  const rid = `${app}${LAST}`;
  const last = {
    rid,
    platform: "dummy",
    verb: "echo",
    actor: { address: "bob" },
    target: [{ address: "last" }],
    object: {},
  };
  await postUntilAnswered({ base, key }, last);
  await listener.until(() => listener.events.some((event) => event.rid === rid && event.type === "result"), SETTLE_MS);
}

/** Reads `GET /activities/{rid}` of each accepted rid of an app. */
export async function statusesOf(
  base: string,
  key: string,
  app: string,
  posted: readonly PostedActivity[],
): Promise<Map<string, string>> {
  const into = new Map<string, string>();
  const rids = posted
    .filter((activity) => activity.app === app && activity.outcome === "accepted")
    .map(({ rid }) => rid);
  const read = async (): Promise<void> => {
    for (let rid = rids.pop(); rid !== undefined; rid = rids.pop()) {
      const response = await fetch(`${base}/activities/${rid}`, { headers: { Authorization: `Bearer ${key}` } });
      const { status } = (await response.json()) as { status: unknown };
      into.set(rid, String(status));
    }
  };
  await Promise.all(Array.from({ length: 10 }, read));
  return into;
}
