import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  DeadLetterAnswer,
  DeadLetterListAnswer,
  DeadLetterWholeAnswer,
} from "../../../routes/resources/dead-letters.ts";
import { validationErrors } from "../../../src/model/validate.ts";
import { DEAD_LETTER_TTL_SECONDS, MAX_DEAD_LETTERS } from "../../../src/outbox/dead-letter-policy.ts";
import { keys } from "../../../src/redis/keys.ts";
import { gateway } from "../../support/gateway.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
let key: string;
let app: string;
beforeAll(async () => {
  gw = await gateway({ PLATFORMS: "+dummy" });
  ({ key, app } = await gw.registry.createApp("shop", ["send", "listen", "accounts", "tokens"]));
});
afterAll(() => gw.stop());

async function call(method: string, path: string, body?: unknown, as = key, headers = {}) {
  const answer = await fetch(`${gw.url}/gateway${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${as}`,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const raw = await answer.text();
  return { status: answer.status, headers: answer.headers, raw, body: raw === "" ? undefined : JSON.parse(raw) };
}
/** Posts and waits for the result event. */
const ended = async (activity: object) => {
  const answer = await call("POST", "/activities", activity, key, { Prefer: "wait=20" });
  expect(answer.status, answer.raw).toBe(200);
  return answer.body;
};
/** Activity that fails until its lifetime ends, since the requested wait is longer. */
const failing = (rid: string, more: object = {}, object: object = {}) => ({
  rid,
  platform: "dummy",
  verb: "fail",
  actor: { address: "alice" },
  target: { address: "bob" },
  object: { body: "Hi", kind: "retryable", retryAfterMs: 60_000, times: 1, ...object },
  options: { expiresIn: 30 },
  ...more,
});

describe("dead letters", () => {
  test("are the activities that failed after attempts, and no others", async () => {
    expect(await ended(failing("late"))).toMatchObject({ status: "failed", error: { retryable: true } });
    await ended(failing("refused", {}, { kind: "permanent" }));
    await ended({ ...failing("fine"), verb: "echo", object: { body: "Hi" } });
    const { body } = await call("GET", "/dead-letters");
    expect(validationErrors(DeadLetterListAnswer, body)).toEqual([]);
    expect(body.deadLetters.map(({ rid }: { rid: string }) => rid)).toEqual(["late"]);
    expect(validationErrors(DeadLetterAnswer, body.deadLetters[0])).toEqual([]);
    const shown = await call("GET", "/dead-letters/late");
    expect(validationErrors(DeadLetterWholeAnswer, shown.body)).toEqual([]);
    expect(shown.body).toMatchObject({
      rid: "late",
      status: "failed",
      attempts: 1,
      object: { body: "Hi" },
      attachmentsKept: true,
    });
    expect((await call("GET", "/dead-letters/refused")).status).toBe(404);
    const lives = await gw.client.ttl(keys.record(app, "late"));
    expect(lives).toBeGreaterThan(DEAD_LETTER_TTL_SECONDS - 60);
  });

  test("are replayed once over repeated requests", async () => {
    await ended(failing("again"));
    const answers = await Promise.all([1, 2, 3].map(() => call("POST", "/dead-letters/again/replay")));
    expect(new Set(answers.map(({ body }) => body.rid)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(answers.filter(({ headers }) => headers.get("idempotent-replayed") === null)).toHaveLength(1);
    const [{ rid }] = answers.map(({ body }) => body) as [{ rid: string }];
    expect(answers[0]?.headers.get("location")).toBe(`/gateway/activities/${rid}`);
    const died = (await call("GET", "/dead-letters/again")).body;
    expect(died.replayedAs).toBe(rid);
    expect(rid).toBe(`replay.${died.id}`);
    // Fails at its first attempt like the previous activity, and is a separate dead letter.
    await expect.poll(async () => (await call("GET", `/dead-letters/${rid}`)).status).toBe(200);
  });

  test("of several targets are replayed for the failed targets only", async () => {
    const targets = [{ address: "good" }, { address: "bad" }];
    const result = await ended(failing("both", { target: targets }, { only: ["bad"] }));
    expect([result.status, ...result.target.map(({ status }: { status: string }) => status)]).toEqual([
      "partial",
      "sent",
      "failed",
    ]);
    const { body } = await call("POST", "/dead-letters/both/replay");
    const standing = await call("GET", `/activities/${body.rid}`);
    expect(standing.body.target.map(({ address }: { address: string }) => address)).toEqual(["bad"]);
    await expect.poll(async () => (await call("GET", `/dead-letters/${body.rid}`)).status).toBe(200);
  });

  test("are listed page by page, newest first, and can be deleted", async () => {
    for (const rid of ["p1", "p2", "p3"]) await ended(failing(rid));
    const first = await call("GET", "/dead-letters?limit=2");
    expect(first.body.deadLetters.map(({ rid }: { rid: string }) => rid)).toEqual(["p3", "p2"]);
    const second = await call("GET", `/dead-letters?limit=1&after=${first.body.next}`);
    expect(second.body.deadLetters.map(({ rid }: { rid: string }) => rid)).toEqual(["p1"]);
    expect((await call("DELETE", "/dead-letters/p1")).status).toBe(204);
    expect((await call("DELETE", "/dead-letters/p1")).status).toBe(404);
    expect((await call("POST", "/dead-letters/p1/replay")).status).toBe(404);
    expect((await call("GET", "/activities/p1")).status).toBe(200);
    for (const query of ["limit=0", "limit=101", "limit=x", "after=x"]) {
      expect((await call("GET", `/dead-letters?${query}`)).body.code).toBe("bad-parameter");
    }
    expect((await call("GET", "/dead-letters?after=")).status).toBe(200);
  });

  test("show no text that looks like a secret", async () => {
    const canary = "CNRY2QX7ZL5K8WPD";
    await ended(failing("hush"));
    const record = keys.record(app, "hush");
    const body = JSON.parse((await gw.client.hget(record, "body")) as string);
    body.object = { ...body.object, room: { password: canary, apiKey: canary }, token: canary };
    await gw.client.hset(record, "body", JSON.stringify(body));
    const { raw } = await call("GET", "/dead-letters/hush");
    expect(raw).toContain("[secret]");
    expect(raw).not.toContain(canary);
  });

  test("are displaced by newer ones, and belong to one app", async () => {
    const dead = keys.deadLetters(app);
    for (let at = 0; at < MAX_DEAD_LETTERS; at++)
      await gw.client.zadd(dead, Date.now() - 1_000 + at / 2, `filler${at}`);
    await ended(failing("newest"));
    expect(await gw.client.zcard(dead)).toBe(MAX_DEAD_LETTERS);
    expect(await gw.client.zscore(dead, "newest")).not.toBeNull();
    const rival = await gw.keyOf("rival");
    const nobody = await call("GET", "/dead-letters/nobody");
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["POST", "/replay"],
    ] as const) {
      const answer = await call(method, `/dead-letters/newest${path}`, undefined, rival);
      expect([method, answer.status, answer.raw]).toEqual([method, 404, nobody.raw]);
    }
    expect((await call("GET", "/dead-letters", undefined, rival)).body).toEqual({ deadLetters: [] });
  });

  test("are accessible by the app's key only", async () => {
    const { token } = (await call("POST", "/tokens", { scope: "send" })).body;
    expect((await call("GET", "/dead-letters", undefined, token)).status).toBe(403);
  });
});
