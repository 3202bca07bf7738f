import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { auditDelivery, auditLine } from "../../support/delivery-audit.ts";
import { readLedger } from "../../support/dummy-ledger.ts";
import { type EventListener, eventListener } from "../../support/event-listener.ts";
import { expectNothingLost } from "../../support/expect-nothing-lost.ts";
import { firstKey, type GatewayProcess, gatewayProcess } from "../../support/gateway-process.ts";
import { awaitResults, statusesOf } from "../../support/kill-run.ts";
import { type LoadClient, loadClient, postUntilAnswered } from "../../support/load-client.ts";

let gateway: GatewayProcess | undefined;
let listener: EventListener | undefined;
let load: LoadClient | undefined;
let dataDir = "";
afterEach(async () => {
  void load?.stop();
  listener?.close();
  await gateway?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

test("an activity that kills its worker three times ends in a result, and no neighbour is lost, doubled or failed", async () => {
  dataDir = await mkdtemp(join(tmpdir(), "dgm-poison-"));
  const ledger = join(dataDir, "ledger");
  let crashes = 0;
  gateway = await gatewayProcess({
    role: "all",
    dataDir,
    env: { DUMMY_LEDGER: ledger },
    onLine: (line) => {
      if (line.includes("worker process ended")) crashes += 1;
    },
  });
  const key = await firstKey(dataDir);
  const { base } = gateway;
  const events = await eventListener(base, key);
  listener = events;
  const head = { platform: "dummy", actor: { address: "bob" } };
  const lanes = Array.from({ length: 10 }, (_, index) => `l${index}`);
  load = loadClient({
    base,
    app: "first",
    key,
    lanes,
    everyMs: 500,
    activity: (lane, n) => ({ ...head, verb: "delay", target: [{ address: lane }], object: { n, ms: 100 } }),
  });
  const poison = { ...head, rid: "poison", verb: "crash", target: [{ address: "victim" }] };
  await postUntilAnswered({ base, key }, { ...poison, object: { when: "before", times: 1_000 } });
  const behind = { ...head, rid: "behind", verb: "echo", target: [{ address: "victim" }], object: {} };
  await postUntilAnswered({ base, key }, behind);

  const resultsOf = (rid: string) => events.events.filter((event) => event.type === "result" && event.rid === rid);
  await events.until(() => resultsOf("behind").length > 0, 120_000);
  await load.stop();
  await awaitResults(events, base, key, "first", load.posted);
  const neighbours = load.posted;
  const isNeighbour = ({ rid }: { readonly rid?: string | number }) => neighbours.some((posted) => posted.rid === rid);
  const verdict = auditDelivery({
    posted: neighbours,
    ledger: (await readLedger(ledger)).filter(isNeighbour),
    events: new Map([["first", events.events.filter(isNeighbour)]]),
    statuses: await statusesOf(base, key, "first", neighbours),
  });
  console.log(`Neighbours of a poison activity: ${auditLine(verdict)}`);
  expectNothingLost(verdict);
  expect(resultsOf("poison")).toMatchObject([{ status: "failed", error: { code: "internal-error" } }]);
  expect(resultsOf("behind")).toMatchObject([{ status: "sent" }]);
  expect(crashes).toBe(3);
}, 240_000);
