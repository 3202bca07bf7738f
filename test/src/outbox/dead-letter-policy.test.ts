import { afterAll, beforeAll, expect, test } from "vitest";
import type { ResultEvent } from "../../../src/model/event.ts";
import { isDeadLetter } from "../../../src/outbox/dead-letter-policy.ts";
import { replayRequest, replayRid } from "../../../src/outbox/dead-letter-replay.ts";
import { redisDeadLetters } from "../../../src/outbox/dead-letters.ts";
import { activityOf, entryOf, gatewayCore, sendingOf } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { result } from "../streaming/tail-fixture.ts";

let redis: TestRedis;
let core: ReturnType<typeof gatewayCore>;
beforeAll(async () => {
  redis = await testRedis();
  core = gatewayCore(redis, []);
});
afterAll(async () => {
  await core.close();
  await redis.stop();
});

const error = (code: string, retryable: boolean) => ({ code, detail: "No.", retryable });
const late = error("platform-unavailable", true);
const refused = error("platform-rejected", false);
const target = (status: string, why?: ReturnType<typeof error>) => ({
  address: "a@b.c",
  status,
  ...(why ? { error: why } : {}),
});

test.each<[Partial<ResultEvent>, boolean]>([
  [{ status: "failed", target: [target("failed", late)] }, true],
  [{ status: "failed", target: [target("failed", refused)] }, false],
  [{ status: "failed", target: [target("failed", error("internal-error", false))] }, true],
  [{ status: "failed", target: [], error: late }, true],
  [{ status: "failed", target: [], error: refused }, false],
  [{ status: "partial", target: [target("sent"), target("failed", late)] }, true],
  [{ status: "partial", target: [target("sent"), target("failed", refused)] }, false],
  [{ status: "partial", target: [target("unknown", late), target("sent")] }, false],
  [{ status: "expired", target: [target("expired")], attempts: 2 }, true],
  [{ status: "expired", target: [target("expired")], attempts: 0 }, false],
  [{ status: "unknown", target: [target("unknown", late)] }, false],
  [{ status: "cancelled", target: [target("cancelled")] }, false],
  [{ status: "sent" }, false],
])("isDeadLetter > %j: %s", (more, dead) => {
  expect(isDeadLetter(result("r", more))).toBe(dead);
});

test("finalize > keeps an expired activity with attempts as a dead letter, in the same write", async () => {
  const activity = activityOf({ rid: "slow" });
  const { wake } = (await core.outbox.accept({
    ...entryOf("app", activity),
    lifetimeMs: 150,
  })) as { wake: { lane: string } };
  const next = await core.outbox.claim("app", wake.lane);
  if (next.kind !== "item") throw new Error("nothing to do");
  const until = {
    retryAt: Date.now() + 60_000,
    extendMs: 0,
    attempts: 1,
    inDoubt: false,
    outcomes: [null],
    event: sendingOf(next.item),
  };
  expect(await core.outbox.defer(next.item, until)).toBe("deferred");
  const dead = redisDeadLetters({ redis: core.redis, retentionSeconds: 3_600 });
  await expect.poll(() => dead.find("app", "slow")).toMatchObject({ result: { status: "expired" } });
});

test("replayRequest > repeats undelivered targets at once with attachments, and is undefined without their contents", () => {
  const activity = activityOf({
    target: [{ address: "a" }, { address: "b" }],
    object: { body: "Hi", attachments: [{ name: "a.txt" }, { name: "b.txt", url: "https://example.org/b.txt" }] },
    options: { sendAt: "2026-01-01T00:00:00Z", expiresIn: 60 },
    // Belongs to the first attempt's trace.
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  });
  const letter = {
    activity,
    deadLetteredAt: 1,
    result: result("r", {
      status: "partial",
      target: [
        { address: "a", status: "sent" },
        { address: "b", status: "failed", error: late },
      ],
    }),
  };
  expect(replayRequest(letter, new Map())).toBeUndefined();
  expect(replayRequest(letter, new Map([["0", Buffer.from("Hello")]]))).toEqual({
    platform: "test",
    verb: "echo",
    actor: { address: "bob" },
    rid: replayRid(letter),
    target: [{ address: "b" }],
    object: {
      body: "Hi",
      attachments: [
        { name: "a.txt", content: "SGVsbG8=" },
        { name: "b.txt", url: "https://example.org/b.txt" },
      ],
    },
    options: { expiresIn: 60 },
  });
});
