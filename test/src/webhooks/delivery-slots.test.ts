import { setMaxListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { deliverySlots } from "../../../src/webhooks/delivery-slots.ts";

const signal = new AbortController().signal;
setMaxListeners(0, signal);

/** Starts requests that last until `end` is called; counts those that were let in. */
function requests(slots: ReturnType<typeof deliverySlots>) {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let started = 0;
  const start = (app: string, url: string, stop = signal) =>
    slots({ app, url }, stop, async () => {
      started += 1;
      await ended;
      return "sent";
    });
  return { start, end, started: () => started };
}

/** Lets all that is ready go on. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("delivery slots", () => {
  it("limit a hanging host to 16 requests, without effect on another host of the app", async () => {
    const { start, end, started } = requests(deliverySlots());
    const all = Array.from({ length: 40 }, () => start("greedy", "http://hangs.test/hook"));
    await settled();
    expect(started()).toBe(16);
    all.push(start("greedy", "http://lives.test/hook"));
    await settled();
    expect(started()).toBe(17);
    end();
    expect(await Promise.all(all)).toEqual(Array.from({ length: 41 }, () => "sent"));
  });

  it("limit an app to 64 requests, without effect on another app at the same host", async () => {
    const { start, end, started } = requests(deliverySlots());
    const all = Array.from({ length: 600 }, (_, n) => start("greedy", `http://h${n % 20}.test/`));
    await settled();
    expect(started()).toBe(64);
    all.push(start("modest", "http://h1.test/"));
    await settled();
    expect(started()).toBe(65);
    end();
    await Promise.all(all);
  });

  it("send no waiting request for a stopping worker", async () => {
    const { start, end, started } = requests(deliverySlots());
    const first = Array.from({ length: 16 }, () => start("app", "http://hangs.test/"));
    const stopping = new AbortController();
    const waiting = start("app", "http://hangs.test/", stopping.signal);
    stopping.abort(new Error("shutting down"));
    expect(await waiting).toBeUndefined();
    end();
    await Promise.all(first);
    expect(started()).toBe(16);
  });
});
