import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { laneOf, laneParts } from "../../src/model/lane.ts";
import { silentLog } from "../../src/model/log.ts";
import type { ReadyItems } from "../../src/outbox/outbox.ts";
import { keys } from "../../src/redis/keys.ts";
import { Drainer } from "../../workers/drain.ts";
import { fairSlots } from "../../workers/fair-slots.ts";
import { laneShares } from "../../workers/lane-shares.ts";
import { activityOf } from "../support/gateway-core.ts";

// Timers never fire: what these tests wait for must come by a notice, not by the next look.
beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout"] }));
afterEach(() => vi.useRealTimers());

/** Makes a drainer and its worker's shares; a test answers its claims. */
function limitedDrainer(app: string) {
  const lane = laneOf(app, activityOf({ rid: "elsewhere" }));
  const shares = laneShares(10);
  const closing = new AbortController();
  const claims: Array<(answer: ReadyItems) => void> = [];
  let onClaim: () => void = () => undefined;
  const drainer = new Drainer(
    {
      outbox: {
        startDrain: async () => undefined,
        claimReady: () =>
          new Promise((resolve) => {
            claims.push(resolve);
            onClaim();
          }),
        restoreStrays: async () => 0,
        finishDrain: async () => "idle",
        readyLane: async () => undefined,
        releaseLane: async () => undefined,
      },
      lanes: { wakeShard: async () => undefined },
      deliver: async () => ({ kind: "empty" }),
      find: () => undefined,
      log: silentLog,
      slots: fairSlots(10),
      shares,
      ready: { subscribe: () => () => undefined },
      signal: new AbortController().signal,
      closing: closing.signal,
    },
    { tag: keys.tagOf(app), drain: laneParts(lane).drain },
  );
  return {
    drainer,
    shares,
    lane,
    closing,
    claims,
    /** Resolves when so many claims were made. */
    claimed: (count: number) =>
      new Promise<void>((resolve) => {
        onClaim = () => claims.length >= count && resolve();
        onClaim();
      }),
  };
}

const NONE: ReadyItems = { items: [], mayHaveMore: false, isLimited: false };
const LIMITED: ReadyItems = { ...NONE, isLimited: true };

describe("Drainer", () => {
  it("claims again when another drainer's lane of the tag ends, where shares held lanes back", async () => {
    const { drainer, shares, lane, closing, claims, claimed } = limitedDrainer("app1");
    shares.add(lane);
    const running = drainer.run();
    await claimed(1);
    claims[0]?.(LIMITED);
    await new Promise(setImmediate);
    shares.remove(lane);
    await claimed(2);
    closing.abort();
    claims[1]?.(NONE);
    await running;
    expect(claims.length).toBe(2);
  });

  it("claims again when such a lane ended while a claim was on its way", async () => {
    const { drainer, shares, lane, closing, claims, claimed } = limitedDrainer("app1");
    shares.add(lane);
    const running = drainer.run();
    await claimed(1);
    shares.remove(lane);
    claims[0]?.(LIMITED);
    await claimed(2);
    closing.abort();
    claims[1]?.(NONE);
    await running;
    expect(claims.length).toBe(2);
  });
});
