import { describe, expect, it } from "vitest";
import { fairSlots } from "../../workers/fair-slots.ts";

describe("fairSlots", () => {
  it("gives at most half of the free slots at once, so that another drainer finds some", () => {
    const slots = fairSlots(10);
    const [noisy, quiet] = [slots.join(() => undefined), slots.join(() => undefined)];
    expect([noisy.take(20), noisy.take(20), quiet.take(20)]).toEqual([5, 3, 1]);
  });

  it("never gives more than there are", () => {
    const slots = fairSlots(3);
    const member = slots.join(() => undefined);
    expect([member.take(9), member.take(9), member.take(9)]).toEqual([2, 1, 0]);
    member.giveBack(1);
    expect([member.take(9), member.take(9)]).toEqual([1, 0]);
  });

  it("gives a freed slot to the drainer that waits longest, not to the one that returned it", () => {
    const turns: string[] = [];
    const slots = fairSlots(1);
    const noisy = slots.join(() => turns.push("noisy"));
    const quiet = slots.join(() => turns.push("quiet"));
    const third = slots.join(() => turns.push("third"));
    expect([noisy.take(1), quiet.take(1), third.take(1)]).toEqual([1, 0, 0]);
    noisy.giveBack(1);
    expect(turns).toEqual(["quiet"]);
    expect([noisy.take(1), third.take(1), quiet.take(1)]).toEqual([0, 0, 1]);
    quiet.giveBack(1);
    expect(turns).toEqual(["quiet", "third"]);
  });

  it("passes the turn on when the drainer that waits longest withdraws", () => {
    const turns: string[] = [];
    const slots = fairSlots(1);
    const busy = slots.join(() => undefined);
    const leaving = slots.join(() => turns.push("leaving"));
    const next = slots.join(() => turns.push("next"));
    expect([busy.take(1), leaving.take(1), next.take(1)]).toEqual([1, 0, 0]);
    busy.giveBack(1);
    leaving.withdraw();
    expect(turns).toEqual(["leaving", "next"]);
    expect(next.take(1)).toBe(1);
  });
});
