import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { type ConnectionAudit, connectionLoad } from "../../support/connection-load.ts";
import { repetitions } from "../../support/extent.ts";

const ACCOUNTS = 40;
/** Restarts of each of the two workers. */
const RESTARTS = repetitions({ few: 1, long: 2 });
const FREEZES = repetitions({ few: 1, long: 2 });
/** Longer than a lease, the look of the others and a login together. */
const FREEZE_MS = 14_000;

let run: Awaited<ReturnType<typeof connectionLoad>> | undefined;
afterEach(async () => {
  await run?.close();
  run = undefined;
});

function expectKept(
  name: string,
  { peerSent, arrived, posted, results, wrong }: ConnectionAudit,
  mayBeUnknown: boolean,
): void {
  const unsure = results.filter(([, status]) => status !== "sent");
  const inbound = [...peerSent.values()].flat().length;
  console.log(`${name}: ${inbound} in, ${posted.length} out, not sent: ${JSON.stringify(unsure)}`);
  for (const [address, texts] of peerSent) expect(arrived.get(address), address).toEqual(texts);
  expect(results.map(([rid]) => rid).toSorted()).toEqual(posted.toSorted());
  expect(wrong).toEqual([]);
  expect(unsure.filter(([, status]) => !mayBeUnknown || status !== "unknown")).toEqual([]);
}

it("workers restarted in turn under traffic hand accounts over without loss or duplicates", async () => {
  run = await connectionLoad(ACCOUNTS, 2);
  await run.more(100);
  const inTurn = Array.from({ length: RESTARTS }, () => run?.workers ?? []).flat();
  for (const worker of inTurn) {
    await worker.stop();
    await run.more(100);
    await worker.start();
    await run.more(100);
  }
  await run.listener.until(() => run?.online() === ACCOUNTS, 60_000);
  expectKept(`${inTurn.length} workers restarted`, await run.verdict(), false);
}, 300_000);

it("a worker frozen for longer than its leases gives its accounts up without loss or duplicates", async () => {
  run = await connectionLoad(ACCOUNTS, 2);
  for (let freeze = 0; freeze < FREEZES; freeze++) {
    const frozen = run.workers[freeze];
    await run.more(100);
    process.kill(frozen?.pid() as number, "SIGSTOP");
    await sleep(FREEZE_MS);
    process.kill(frozen?.pid() as number, "SIGCONT");
    await run.more(400);
  }
  await run.listener.until(() => run?.online() === ACCOUNTS, 60_000);
  // A process frozen between its commit and the effect acts late, which is the case of `unknown`.
  expectKept(`workers frozen ${FREEZES} times`, await run.verdict(), true);
}, 300_000);
