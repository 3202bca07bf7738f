import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { auditDelivery, auditLine } from "../../support/delivery-audit.ts";
import { readLedger } from "../../support/dummy-ledger.ts";
import { type EventListener, eventListener } from "../../support/event-listener.ts";
import { expectNothingLost } from "../../support/expect-nothing-lost.ts";
import { repetitions } from "../../support/extent.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../../support/gateway-process.ts";
import { awaitResults, statusesOf } from "../../support/kill-run.ts";
import { type LoadClient, loadClient } from "../../support/load-client.ts";
import { until } from "../../support/redis-process.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const KILLS = repetitions({ few: 2, long: 6 });
/** Longest shutdown of a worker with unfinished work: its drain time and a margin. */
const LONGEST_STOP_MS = 35_000;

let gateway: GatewayProcess | undefined;
let load: LoadClient | undefined;
let listener: EventListener | undefined;
let dataDir = "";
afterEach(async () => {
  void load?.stop();
  listener?.close();
  await gateway?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

test("a killed gateway leaves no process behind, and its next start continues with all data", async () => {
  const dice = seededRandom();
  console.log(`KILL_SEED=${dice.seed}`);
  dataDir = await mkdtemp(join(tmpdir(), "dgm-kill-all-"));
  const ledger = join(dataDir, "ledger");
  gateway = await gatewayProcess({ role: "all", dataDir, env: { DUMMY_LEDGER: ledger, DRAIN_SECONDS: "5" } });
  const key = await firstKey(dataDir);
  const { base } = gateway;
  listener = await eventListener(base, key);
  const lanes = Array.from({ length: 25 }, (_, index) => `l${index}`);
  load = loadClient({ base, app: "first", key, lanes, everyMs: 330, activity: workOf });
  const left: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(dice.between(500, 2_500));
    const family = await childrenOf(gateway.pid());
    // The worker and the private Redis.
    expect(family.length).toBeGreaterThanOrEqual(2);
    left.push(...family);
    await gateway.kill();
    // The supervisor restarts the worker at once. Without a supervisor, all processes that it started must end as well.
    if (kill === KILLS - 1) await until(() => left.every((pid) => !alive(pid)), LONGEST_STOP_MS);
    await gateway.start();
  }
  await load.stop();
  await awaitResults(listener, base, key, "first", load.posted);
  const standing = await statusesOf(base, key, "first", load.posted);
  const events = new Map([["first", listener.events]]);
  const lines = (await readLedger(ledger)).filter(({ rid }) => !rid.endsWith("-last"));
  const verdict = auditDelivery({ posted: load.posted, ledger: lines, events, statuses: standing });
  console.log(`Whole gateway killed ${KILLS} times: ${auditLine(verdict)}`);
  expectNothingLost(verdict);
  expect(listener.gaps()).toBe(0);
});

function workOf(lane: string, n: number): Record<string, unknown> {
  const head = { platform: "dummy", actor: { address: "bob" }, target: [{ address: lane }] };
  return n % 2 === 0
    ? { ...head, verb: "echo", object: { n } }
    : { ...head, verb: "delay", object: { n, ms: 50, when: n % 3 === 0 ? "before" : "after" } };
}

/** Pids of the living child processes of a process. */
async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
  } catch {
    return undefined;
  }
}

/** Whether the process runs; a zombie that was not reaped counts as ended. */
function alive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] !== "Z";
  } catch {
    return false;
  }
}
