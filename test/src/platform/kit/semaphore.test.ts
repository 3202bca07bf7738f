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
  for (const owner of ["many", "many", "many", "one", "two"]) void enter(never, owner).then(() => order.push(owner));
  for (const owner of ["many", "many", "one", "two", "many"]) {
    leave(owner);
    await new Promise(setImmediate);
  }
  expect(order).toEqual(["many", "one", "two", "many", "many"]);
});

it("fairSemaphore with shares leaves permits for owners that hold none, however many others hang", async () => {
  const { acquire: enter, release: leave } = fairSemaphore(50, { perFree: 2, reserve: 5 });
  const permits = new Map<string, number>();
  for (const owner of ["a", "b", "c", "d"]) {
    for (let count = 0; count < 60; count++) {
      void enter(never, owner).then(() => permits.set(owner, (permits.get(owner) ?? 0) + 1));
    }
  }
  await new Promise(setImmediate);
  expect(permits.get("a")).toBe(30);
  const total = () => [...permits.values()].reduce((sum, count) => sum + count, 0);
  expect(total()).toBeLessThan(50);
  // One that holds none is admitted at once, and what is given back goes to those that wait.
  await enter(never, "quiet");
  leave("quiet");
  const before = total();
  for (let count = 0; count < 30; count++) leave("a");
  await new Promise(setImmediate);
  expect(total()).toBeGreaterThan(before);
});

it("fairSemaphore with shares gives every permit back in the end, whatever the order", async () => {
  const { acquire: enter, release: leave } = fairSemaphore(7, { perFree: 2, reserve: 1 });
  let done = 0;
  const owners = Array.from({ length: 300 }, (_, n) => `owner${n % 5}`);
  await Promise.all(
    owners.map(async (owner) => {
      await enter(never, owner);
      await new Promise(setImmediate);
      leave(owner);
      done += 1;
    }),
  );
  expect(done).toBe(300);
});
