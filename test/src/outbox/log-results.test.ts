import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type ResultFacts, resultEvent } from "../../../src/model/event-builders.ts";
import { silentLog } from "../../../src/model/log.ts";
import { logResults } from "../../../src/outbox/log-results.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { activityOf, entryOf } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await testRedis();
});
afterAll(() => server.stop());

const error = { code: "recipient-unknown", detail: "Nobody there: zoe", retryable: false, platformCode: "550 zoe" };

/** Ends an activity by a worker or without one; returns the lines of the log. */
async function ended(facts: Pick<ResultFacts, "status" | "error">, by: "worker" | "nobody") {
  const info = vi.fn();
  const redis = server.connect();
  const options = { redis, quota: 100, eventsKept: 100, retentionSeconds: 60 };
  const outbox = logResults(redisOutbox(options), { ...silentLog, info });
  const activity = activityOf({ object: { body: "a secret word" } });
  const entry = entryOf("app1", activity);
  await outbox.accept(entry);
  const event = resultEvent(activity, activity.rid, { ...facts, outcomes: [], attempts: 1, now: Date.now() });
  if (by === "nobody") {
    await outbox.finalize("app1", activity.rid, entry.lane, event);
    await outbox.finalize("app1", activity.rid, entry.lane, event);
  } else {
    const claimed = await outbox.claim("app1", entry.lane);
    if (claimed.kind !== "item") throw new Error("nothing to claim");
    await outbox.complete(claimed.item, event);
    // Another worker had the lane meanwhile.
    await outbox.complete({ ...claimed.item, fence: "0" }, event);
  }
  return { rid: activity.rid, lines: info.mock.calls };
}

describe("logResults", () => {
  it.each([
    ["failed", "worker"],
    ["unknown", "worker"],
    ["partial", "worker"],
    ["expired", "nobody"],
  ] as const)("writes one line of a result that is %s, with rid and code, without content", async (status, by) => {
    const { rid, lines } = await ended({ status, error }, by);
    const facts = { app: "app1", rid, platform: "test", verb: "echo", status, attempts: 1, code: error.code };
    expect(lines).toEqual([[facts, "activity ended without success"]]);
  });

  it.each([
    ["sent", "worker"],
    ["cancelled", "nobody"],
  ] as const)("writes none of a result that is %s", async (status, by) => {
    expect((await ended({ status }, by)).lines).toEqual([]);
  });
});
