import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Activity } from "../../src/model/activity.ts";
import { laneOf } from "../../src/model/lane.ts";
import { laneShares } from "../../workers/lane-shares.ts";
import { activityOf, gatewayCore } from "../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";
import { sentTo, testPlatform } from "../support/test-platform.ts";

let server: TestRedis;
let core: ReturnType<typeof gatewayCore> | undefined;
beforeAll(async () => {
  server = await testRedis();
});
afterEach(async () => {
  await core?.close();
  await server.connect().flushall();
});
afterAll(() => server.stop());

/** A network whose hosts hang where their name says so; counts activities that hang. */
function hangingNetwork() {
  let hung = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const platform = testPlatform(async (activity) => {
    if (activity.target[0]?.address.includes("hangs")) {
      hung += 1;
      await ended;
    }
    return sentTo(activity);
  });
  return { platform, end, hung: () => hung };
}

const to = (address: string, rid: string): Activity => activityOf({ rid, target: [{ address }] });

describe("lane shares", () => {
  it("leave slots for another app, and for the app's other hosts, while 600 activities hang at one host", async () => {
    const { platform, end, hung } = hangingNetwork();
    core = gatewayCore(server, [platform]);
    core.startWorkers(20);
    for (let n = 0; n < 600; n++) await core.accept("greedy", to(`https://hangs.test/${n}`, `g${n}`));
    await expect.poll(hung, { timeout: 30_000 }).toBeGreaterThanOrEqual(9);
    for (let n = 0; n < 20; n++) await core.accept("modest", to(`https://lives.test/${n}`, `m${n}`));
    for (let n = 0; n < 5; n++) await core.accept("greedy", to(`https://lives.test/${n}`, `l${n}`));
    const modest = await core.results("modest", 20);
    expect(modest.every(({ status }) => status === "sent")).toBe(true);
    const others = await core.results("greedy", 5);
    expect(new Set(others.map(({ rid }) => rid))).toEqual(new Set(["l0", "l1", "l2", "l3", "l4"]));
    expect(hung()).toBeLessThan(20);
    end();
    await core.results("greedy", 605);
  });

  it("shrink with the slots that are free, so that five apps that hang leave room for a sixth", () => {
    const shares = laneShares(100);
    const lanes = (app: string) =>
      Array.from({ length: 100 }, (_, n) => laneOf(app, to(`https://h${n}.test/`, `${n}`)));
    const runningOf = (app: string) => shares.limits().running.get(app) ?? 0;
    const mayClaim = (app: string) => {
      const { free, appPerFree } = shares.limits();
      return runningOf(app) < Math.max(1, free * appPerFree);
    };
    const hanging = ["a", "b", "c", "d", "e"];
    for (const app of hanging) for (const lane of lanes(app)) if (mayClaim(app)) shares.add(lane);
    expect(runningOf("a")).toBe(60);
    expect(hanging.map(mayClaim)).toEqual([false, false, false, false, false]);
    expect(hanging.reduce((sum, app) => sum + runningOf(app), 0)).toBeLessThan(100);
    expect(mayClaim("f")).toBe(true);
    for (const lane of lanes("a").slice(0, 60)) shares.remove(lane);
    expect(shares.limits().running.get("a")).toBeUndefined();
    expect(mayClaim("a")).toBe(true);
  });
});

describe("a lane's host", () => {
  it("is that of a target's web address, else of the actor's address", () => {
    const hostOf = (activity: Partial<Activity>) => laneOf("a", activityOf(activity)).slice(-4);
    const url = { target: [{ address: "https://Shop.test/hook" }], actor: { address: "x@y.z" } };
    expect(hostOf(url)).toBe(hostOf({ target: [{ address: "http://shop.test/other" }], actor: { address: "a@b.c" } }));
    expect(hostOf(url)).not.toBe(hostOf({ ...url, target: [{ address: "https://other.test/" }] }));
    const mail = { actor: { address: "bob@Example.org" }, target: [{ address: "foo@x.y" }] };
    expect(hostOf(mail)).toBe(hostOf({ actor: { address: "eve@example.org" }, target: [{ address: "bar@x.y" }] }));
    expect(hostOf(mail)).not.toBe(hostOf({ ...mail, actor: { address: "bob@example.com" } }));
  });
});
