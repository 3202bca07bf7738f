import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Activity } from "../../../src/model/activity.ts";
import type { Caller } from "../../../src/model/caller.ts";
import { Failure } from "../../../src/model/failure.ts";
import { describeActivity } from "../../../src/operations/describe-activity.ts";
import { cancelActivity } from "../../../src/operations/end-activity.ts";
import { standingOf } from "../../../src/operations/standing.ts";
import { activityOf, entryOf, gatewayCore } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { sentTo, testPlatform } from "../../support/test-platform.ts";

let server: TestRedis;
let core: ReturnType<typeof gatewayCore>;
const away = { kind: "retryable", code: "platform-unavailable", detail: "away", retryAfterMs: 3_600_000 } as const;
const platform = testPlatform(async (activity) => {
  if (activity.object.isBad === true) throw new Failure(away);
  return sentTo(activity);
});

beforeAll(async () => {
  server = await testRedis();
  core = gatewayCore(server, [platform]);
  core.startWorkers();
});
afterAll(async () => {
  await core.close();
  await server.stop();
});

const key = (app: string): Caller => ({
  app,
  via: "key",
  keyId: "k1",
  scopes: new Set(["send"]),
  limits: {},
  cookie: false,
});
const standing = async (rid: string, caller: Caller) => standingOf(await describeActivity(core, caller, rid));
const bad = (rid: string, more: Partial<Activity> = {}) =>
  activityOf({ rid, object: { isBad: true }, options: { expiresIn: 172_800 }, ...more });
const accept = (app: string, activity: Activity) => core.accept(app, activity, { lifetimeMs: 172_800_000 });

describe("an activity behind a deferred one", () => {
  it("tells which one it waits for, and why, and goes on when that is cancelled", async () => {
    await accept("app1", bad("head"));
    await expect.poll(() => standing("head", key("app1"))).toMatchObject({ status: "deferred" });
    for (const rid of ["second", "third"]) await accept("app1", activityOf({ rid }));
    const reason = { code: "platform-unavailable", detail: "away", retryable: true };
    expect(await standing("head", key("app1"))).toMatchObject({ status: "deferred", attempts: 1, error: reason });
    const waitsFor = {
      rid: "head",
      status: "deferred",
      attempts: 1,
      error: reason,
      retryAt: expect.any(String),
      expires: expect.any(String),
    };
    for (const rid of ["second", "third"]) {
      expect(await standing(rid, key("app1"))).toMatchObject({ status: "queued", waitsFor });
    }
    await cancelActivity(core, key("app1"), "head");
    for (const rid of ["second", "third"]) {
      await expect.poll(() => standing(rid, key("app1"))).toMatchObject({ status: "sent" });
      expect(await standing(rid, key("app1"))).not.toHaveProperty("waitsFor");
    }
    expect(await standing("head", key("app1"))).toMatchObject({ status: "cancelled" });
  });

  it("tells a token that does not cover that one no more than its state", async () => {
    await accept("app2", bad("private"));
    await expect.poll(() => standing("private", key("app2"))).toMatchObject({ status: "deferred" });
    await core.outbox.accept(entryOf("app2", activityOf({ rid: "shown", verb: "other" })));
    const token: Caller = { ...key("app2"), via: "token", limits: { verbs: ["other"] } };
    const { waitsFor } = await standing("shown", token);
    expect(waitsFor).toEqual({ status: "deferred", attempts: 1, expires: expect.any(String) });
  });
});

describe("an activity with `order: none`", () => {
  it("waits for nothing in its conversation and holds up nothing", async () => {
    await accept("app3", bad("head"));
    await expect.poll(() => standing("head", key("app3"))).toMatchObject({ status: "deferred" });
    await accept("app3", bad("loose-head", { options: { order: "none" } }));
    await accept("app3", activityOf({ rid: "loose", options: { order: "none" } }));
    await expect.poll(() => standing("loose", key("app3"))).toMatchObject({ status: "sent" });
    await cancelActivity(core, key("app3"), "head");
    await expect.poll(() => standing("loose-head", key("app3"))).toMatchObject({ status: "deferred" });
    await accept("app3", activityOf({ rid: "ordered" }));
    await expect.poll(() => standing("ordered", key("app3"))).toMatchObject({ status: "sent" });
  });
});
