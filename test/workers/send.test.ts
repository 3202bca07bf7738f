import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Activity } from "../../src/model/activity.ts";
import { Failure } from "../../src/model/failure.ts";
import type { Outcome, Receipt } from "../../src/platform/platform.ts";
import { outcomeOf } from "../../src/platform/platform.ts";
import { keys } from "../../src/redis/keys.ts";
import { activityOf, endOf, entryOf, gatewayCore, sendingOf } from "../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";
import { sentTo, testPlatform } from "../support/test-platform.ts";

let server: TestRedis;
let core: ReturnType<typeof gatewayCore> | undefined;
beforeAll(async () => {
  server = await testRedis();
});
afterEach(async () => {
  await core?.close();
  core = undefined;
  await server.connect().flushall();
});
afterAll(() => server.stop());

/** Runner that records each call before it answers. */
const noting =
  <T>(notes: T[], note: (activity: Activity) => T) =>
  async (activity: Activity): Promise<Receipt> => {
    notes.push(note(activity));
    return sentTo(activity);
  };

describe("sendWorker", () => {
  it("ends each activity in one result with an outcome per target", async () => {
    core = gatewayCore(server, [testPlatform((activity, context) => context.commit().then(() => sentTo(activity)))]);
    core.startWorkers();
    const activity = activityOf({ target: [{ address: "a" }, { address: "b" }] });
    await core.accept("app1", activity);
    const [result] = await core.results("app1", 1);
    expect(result).toMatchObject({
      type: "result",
      rid: activity.rid,
      status: "sent",
      attempts: 1,
      object: { id: "id-a" },
      target: [
        { address: "a", status: "sent", id: "id-a" },
        { address: "b", status: "sent", id: "id-b" },
      ],
    });
    expect((await core.events("app1")).map((event) => event.status)).toEqual(["sending", "sent"]);
    expect(await core.redis.zcard(keys.lanes(keys.tagOf("app1")))).toBe(0);
    expect(await core.redis.zcard(keys.deadlines(keys.tagOf("app1")))).toBe(0);
    expect(await core.redis.hgetall(keys.counts("app1"))).toMatchObject({ outstanding: "0", lanes: "0" });
  });

  it("keeps the order of a lane through a retry, and continues with other lanes", async () => {
    const order: string[] = [];
    let failures = 2;
    core = gatewayCore(server, [
      testPlatform(async (activity) => {
        if (activity.rid === "first" && failures-- > 0)
          throw new Failure({ kind: "retryable", code: "platform-unavailable", detail: "later", retryAfterMs: 200 });
        order.push(activity.rid);
        return sentTo(activity);
      }),
    ]);
    core.startWorkers();
    await core.accept("app1", activityOf({ rid: "first" }));
    await core.accept("app1", activityOf({ rid: "second" }));
    await core.accept("app1", activityOf({ rid: "third" }));
    await core.accept("app1", activityOf({ rid: "beside", target: [{ address: "other" }] }));
    const results = await core.results("app1", 4);
    expect(order).toEqual(["beside", "first", "second", "third"]);
    expect(results.map((result) => [result.rid, result.attempts])).toEqual([
      ["beside", 1],
      ["first", 3],
      ["second", 1],
      ["third", 1],
    ]);
  });

  it("runs 500 activities of a lane in order, although a lane yields after 50", async () => {
    const order: number[] = [];
    core = gatewayCore(server, [testPlatform(noting(order, (activity) => Number(activity.rid)))]);
    for (let i = 0; i < 500; i++) await core.accept("app1", activityOf({ rid: String(i) }));
    core.startWorkers();
    await core.results("app1", 500);
    expect(order).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it("retries only targets without an outcome", async () => {
    const pendings: number[][] = [];
    core = gatewayCore(server, [
      testPlatform(async (activity, context) => {
        pendings.push([...context.pending]);
        const outcomes = context.pending.map((index): Outcome => {
          const address = activity.target[index]?.address as string;
          if (address === "bad")
            return { address, status: "failed", error: { code: "recipient-unknown", detail: "no", retryable: false } };
          if (address === "busy" && context.attempt === 1) return { address, status: "deferred", retryAfterMs: 50 };
          return { address, status: "sent" };
        });
        return { outcomes };
      }),
    ]);
    core.startWorkers();
    await core.accept("app1", activityOf({ target: [{ address: "good" }, { address: "busy" }, { address: "bad" }] }));
    const [result] = await core.results("app1", 1);
    expect(pendings).toEqual([[0, 1, 2], [1]]);
    expect(result).toMatchObject({
      status: "partial",
      attempts: 2,
      target: [{ status: "sent" }, { status: "sent" }, { status: "failed", error: { code: "recipient-unknown" } }],
    });
  });

  it.each(["thrown", "as an outcome"])(
    "waits for a rate limit as often as demanded, %s, without counting attempts",
    async (crash) => {
      let waits = 0;
      const limited = new Failure({
        kind: "rate-limited",
        code: "platform-rate-limited",
        detail: "Full.",
        retryAfterMs: 1,
      });
      core = gatewayCore(server, [
        testPlatform(async (activity, context) => {
          if (++waits > 120) return sentTo(activity);
          expect(context.attempt).toBe(1);
          if (crash === "thrown") throw limited;
          return { outcomes: [outcomeOf("foo", limited)] };
        }),
      ]);
      core.startWorkers();
      await core.accept("app1", activityOf());
      const [result] = await core.results("app1", 1);
      expect(result).toMatchObject({ status: "sent", attempts: 1 });
      expect(waits).toBe(121);
    },
  );

  it("reports a break after the commit as unknown and never repeats it", async () => {
    let runs = 0;
    core = gatewayCore(server, [
      testPlatform(async (_activity, context) => {
        runs++;
        await context.commit();
        throw new Failure({ kind: "retryable", code: "platform-timeout", detail: "cut", mayHaveLanded: true });
      }),
    ]);
    core.startWorkers();
    await core.accept("app1", activityOf());
    const [result] = await core.results("app1", 1);
    expect(result).toMatchObject({ status: "unknown", error: { code: "outcome-unknown" } });
    expect(runs).toBe(1);
  });

  it("recovers the outcome of an item committed by a crashed worker", async () => {
    core = gatewayCore(server, [
      testPlatform(async () => Promise.reject(new Error("must not run")), {
        recover: async (_client, activity) => sentTo(activity),
      }),
    ]);
    const activity = activityOf();
    await core.accept("app1", activity);
    // The dead worker: took the head, committed, and is never heard of again.
    const lane = (await core.redis.zrange(keys.lanes(keys.tagOf("app1")), "0", "0"))[0] as string;
    const claimed = await core.outbox.claim("app1", lane);
    if (claimed.kind !== "item") throw new Error("no work");
    expect(await core.outbox.commit(claimed.item, sendingOf(claimed.item))).toBe("committed");
    core.startWorkers();
    const [result] = await core.results("app1", 1);
    expect(result).toMatchObject({ rid: activity.rid, status: "sent" });
    // The frozen worker resumes: all its writes are refused.
    expect(await core.outbox.commit(claimed.item, sendingOf(claimed.item))).toBe("lost");
    expect((await core.outbox.complete(claimed.item, endOf(activity, "failed"))).kind).toBe("lost");
    expect((await core.events("app1")).filter((event) => event.type === "result")).toHaveLength(1);
  });

  it("repeats a failed recovery without sending again", async () => {
    const sends: string[] = [];
    let calls = 0;
    core = gatewayCore(server, [
      testPlatform(
        async (activity, context) => {
          sends.push(activity.rid);
          await context.commit();
          throw new Failure({
            kind: "retryable",
            code: "platform-timeout",
            detail: "cut",
            mayHaveLanded: true,
            retryAfterMs: 20,
          });
        },
        {
          recover: async (_client, activity) => {
            if (++calls < 3)
              throw new Failure({ kind: "retryable", code: "platform-unavailable", detail: "away", retryAfterMs: 20 });
            return sentTo(activity);
          },
        },
      ),
    ]);
    core.startWorkers();
    await core.accept("app1", activityOf({ rid: "once" }));
    expect(await core.results("app1", 1)).toMatchObject([{ rid: "once", status: "sent", attempts: 4 }]);
    expect([sends, calls]).toEqual([["once"], 3]);
  });

  it("ends as unknown when recovery fails permanently", async () => {
    const sends: string[] = [];
    core = gatewayCore(server, [
      testPlatform(
        async (activity, context) => {
          sends.push(activity.rid);
          await context.commit();
          throw new Failure({
            kind: "retryable",
            code: "platform-timeout",
            detail: "cut",
            mayHaveLanded: true,
            retryAfterMs: 20,
          });
        },
        { recover: () => Promise.reject(new Failure({ kind: "auth", code: "credentials-invalid", detail: "no" })) },
      ),
    ]);
    core.startWorkers();
    await core.accept("app1", activityOf({ rid: "once" }));
    expect(await core.results("app1", 1)).toMatchObject([{ status: "unknown", error: { code: "outcome-unknown" } }]);
    expect(sends).toEqual(["once"]);
  });

  it("ends as unknown without recovery, and sends again only with onUnknown: resend", async () => {
    const runs: string[] = [];
    core = gatewayCore(server, [testPlatform(noting(runs, (activity) => activity.rid))]);
    for (const [rid, options] of [
      ["report", {}],
      ["resend", { onUnknown: "resend" as const }],
    ] as const) {
      await core.accept("app1", activityOf({ rid, options, target: [{ address: rid }] }));
    }
    for (const lane of await core.redis.zrange(keys.lanes(keys.tagOf("app1")), "0", "-1")) {
      const claimed = await core.outbox.claim("app1", lane);
      if (claimed.kind === "item") await core.outbox.commit(claimed.item, sendingOf(claimed.item));
    }
    core.startWorkers();
    const results = await core.results("app1", 2);
    expect(Object.fromEntries(results.map((result) => [result.rid, result.status]))).toEqual({
      report: "unknown",
      resend: "sent",
    });
    expect(runs).toEqual(["resend"]);
  });

  /** Claims both lanes as workers that die. From the third claim on `poison` runs alone. */
  async function dieOver(gateway: ReturnType<typeof gatewayCore>, crashes: number, isCommitted = false): Promise<void> {
    const lanes = await gateway.redis.zrange(keys.lanes(keys.tagOf("app1")), "0", "-1");
    for (let death = 1; death <= crashes; death++) {
      for (const lane of lanes) {
        const claimed = await gateway.outbox.claim("app1", lane);
        if (claimed.kind !== "item" || claimed.item.activity.rid !== "poison") continue;
        if (death > 2) await gateway.outbox.addSuspicion(claimed.item, 4);
        if (isCommitted) await gateway.outbox.commit(claimed.item, sendingOf(claimed.item));
      }
    }
  }
  const codeOf = (error: unknown): unknown => (error as { code?: string } | undefined)?.code;

  it("gives up an item at its third crash, and only that, not those that ran at the same time", async () => {
    core = gatewayCore(server, [testPlatform(async (activity) => sentTo(activity))]);
    for (const rid of ["poison", "beside"]) await core.accept("app1", activityOf({ rid, target: [{ address: rid }] }));
    await dieOver(core, 3);
    core.startWorkers();
    const results = await core.results("app1", 2);
    const ends = Object.fromEntries(results.map(({ rid, status, error }) => [rid, [status, codeOf(error)]]));
    expect(ends).toEqual({ poison: ["failed", "internal-error"], beside: ["sent", undefined] });
  });

  it("tries an item again after two crashes", async () => {
    core = gatewayCore(server, [testPlatform(async (activity) => sentTo(activity))]);
    await core.accept("app1", activityOf({ rid: "poison" }));
    await dieOver(core, 2);
    core.startWorkers();
    expect(await core.results("app1", 1)).toMatchObject([{ rid: "poison", status: "sent" }]);
  });

  it("ends an item as unknown that was committed and crashes workers, without another recovery", async () => {
    let recoveries = 0;
    const recover = async () => {
      recoveries += 1;
      return undefined;
    };
    core = gatewayCore(server, [testPlatform(async (activity) => sentTo(activity), { recover })]);
    await core.accept("app1", activityOf({ rid: "poison" }));
    await dieOver(core, 3, true);
    core.startWorkers();
    const [result] = await core.results("app1", 1);
    expect([result?.status, codeOf(result?.error), recoveries]).toEqual(["unknown", "outcome-unknown", 0]);
  });
});

describe("sweep", () => {
  it("sends a scheduled activity when it is due, and ends a late one as expired", async () => {
    core = gatewayCore(server, [testPlatform(async (activity) => sentTo(activity))]);
    core.startWorkers();
    const due = Date.now() + 400;
    expect(await core.accept("app1", activityOf({ rid: "later" }), { dueAt: due })).toMatchObject({
      status: "scheduled",
    });
    const [result] = await core.results("app1", 1);
    expect(result).toMatchObject({ rid: "later", status: "sent" });
    expect(Date.parse(result?.published as string)).toBeGreaterThanOrEqual(due);
  });

  it("expires activities after their lifetime, also behind a deferred head, and frees the lane", async () => {
    core = gatewayCore(server, [
      testPlatform(async (activity) => {
        if (activity.rid === "head")
          throw new Failure({
            kind: "rate-limited",
            code: "platform-rate-limited",
            detail: "wait",
            retryAfterMs: 600_000,
          });
        return sentTo(activity);
      }),
    ]);
    core.startWorkers();
    await core.accept("app1", activityOf({ rid: "head" }));
    await core.accept("app1", activityOf({ rid: "behind" }), { lifetimeMs: 300 });
    await core.accept("app1", activityOf({ rid: "after" }));
    expect(await core.results("app1", 1)).toMatchObject([
      { rid: "behind", status: "expired", error: { code: "expired" } },
    ]);
    const stored = await core.outbox.find("app1", "head");
    expect(stored).toMatchObject({ status: "deferred" });
    const cancelled = endOf(activityOf({ rid: "head" }), "cancelled");
    const ended = await core.outbox.finalize("app1", "head", stored?.lane as string, cancelled);
    expect(ended).toMatchObject({ outcome: "ended" });
    if (ended.outcome === "ended" && ended.wake) await core.lanes.wake(ended.wake);
    expect((await core.results("app1", 3)).map((result) => result.rid)).toEqual(["behind", "head", "after"]);
  });

  it("wakes a lane whose wake was lost", async () => {
    core = gatewayCore(server, [testPlatform(async (activity) => sentTo(activity))]);
    core.startWorkers();
    const activity = activityOf();
    const answer = await core.outbox.accept({ ...entryOf("app1", activity) });
    expect(answer).toMatchObject({ outcome: "accepted" });
    await core.redis.zadd(
      keys.lanes(keys.tagOf("app1")),
      0,
      (await core.redis.zrange(keys.lanes(keys.tagOf("app1")), "0", "0"))[0] as string,
    );
    expect(await core.results("app1", 1)).toMatchObject([{ rid: activity.rid, status: "sent" }]);
  });
});
