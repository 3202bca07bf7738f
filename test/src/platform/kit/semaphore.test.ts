import { expect, it } from "vitest";
import { fairSemaphore } from "../../../../src/platform/kit/semaphore.ts";

const never = new AbortController().signal;

it("lets so many in at once, the others in the order they came", async () => {
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

it("who gives up loses the place in line, not a place of others", async () => {
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

it("a signal that has aborted already takes no place", async () => {
  const { acquire: enter } = fairSemaphore(1);
  await expect(enter(AbortSignal.abort(new Error("over")))).rejects.toThrow("over");
  await enter(never);
});

it("whoever has many in line does not keep out others: the lines take turns", async () => {
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
