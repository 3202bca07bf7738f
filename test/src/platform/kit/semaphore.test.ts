import { expect, it } from "vitest";
import { fairSemaphore } from "../../../../src/platform/kit/semaphore.ts";

const never = new AbortController().signal;

it("fairSemaphore admits up to its limit, the others in order", async () => {
  const { acquire: enter, release: leave } = fairSemaphore(2);
  const order: string[] = [];
  await Promise.all([enter(never), enter(never)]);
  const waiting = ["third", "fourth"].map((name) => enter(never).then(() => order.push(name)));
  leave();
  await waiting[0];
  expect(order).toEqual(["third"]);
  leave();
  await waiting[1];
  expect(order).toEqual(["third", "fourth"]);
});

it("an aborted caller leaves the queue without using a slot", async () => {
  const { acquire: enter, release: leave } = fairSemaphore(1);
  await enter(never);
  const impatient = new AbortController();
  const gone = enter(impatient.signal);
  const patient = enter(never);
  impatient.abort(new Error("too long"));
  await expect(gone).rejects.toThrow("too long");
  leave();
  await patient;
  leave();
  await enter(never);
});

it("an aborted signal takes no slot", async () => {
  const { acquire: enter } = fairSemaphore(1);
  await expect(enter(AbortSignal.abort(new Error("over")))).rejects.toThrow("over");
  await enter(never);
});

it("owners take turns, so an owner with many waiters does not starve others", async () => {
  const { acquire: enter, release: leave } = fairSemaphore(1);
  await enter(never, "many");
  const order: string[] = [];
  const all = ["many", "many", "many", "one", "two"].map((owner) => enter(never, owner).then(() => order.push(owner)));
  for (const _ of all) {
    leave();
    await new Promise(setImmediate);
  }
  expect(order).toEqual(["many", "one", "two", "many", "many"]);
});
