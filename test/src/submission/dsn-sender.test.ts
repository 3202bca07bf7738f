import { expect, it, vi } from "vitest";
import { type Log, silentLog } from "../../../src/model/log.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import type { SubmitResult } from "../../../src/operations/submit-activity.ts";
import type { Outbox } from "../../../src/outbox/outbox.ts";
import { redisPendingDsns } from "../../../src/outbox/pending-dsns.ts";
import { keys } from "../../../src/redis/keys.ts";
import { dsnSender } from "../../../src/submission/dsn-sender.ts";
import { testRedis } from "../../support/redis.ts";

const REQUEST = {
  to: "shop@shop.example",
  recipients: [{ mailbox: "a@b.example", address: "a@b.example", onFailure: true, onSuccess: false }],
  fields: [],
};
const RECORD = {
  acceptedAt: 0,
  result: {
    platform: "email",
    actor: { address: "shop@shop.example" },
    status: "failed",
    target: [],
    published: new Date(0).toISOString(),
  },
} as unknown as Awaited<ReturnType<Outbox["find"]>>;

it("A due notification stays until it is taken, and leaves with what is refused for good or has no record", async () => {
  const server = await testRedis();
  const redis = server.connect();
  const pending = redisPendingDsns({ redis });
  const tag = keys.tagOf("app");
  for (const rid of ["good", "busy", "bad", "same", "gone"])
    await redis.hset(keys.dsns(tag), `app|${rid}`, JSON.stringify(REQUEST));
  const tries = new Map<string, number>();
  const warned: unknown[] = [];
  const log: Log = { ...silentLog, warn: (fields: unknown) => warned.push(fields) };
  const sender = dsnSender({
    pending,
    outbox: { find: async (_app, rid) => (rid === "gone" ? undefined : RECORD) },
    submit: async ({ app, scopes }, posted) => {
      expect([app, [...scopes]]).toEqual(["app", ["send"]]);
      const { rid } = posted as { readonly rid: string };
      tries.set(rid, (tries.get(rid) ?? 0) + 1);
      if (rid === "busy~dsn" && tries.get(rid) === 1) throw new Refusal("overloaded", "Later.");
      if (rid === "bad~dsn") throw new Refusal("platform-unknown", "None.");
      if (rid === "same~dsn") throw new Refusal("rid-reused", "Used.");
      return {} as SubmitResult;
    },
    domain: "gateway",
    log,
  });
  try {
    await vi.waitFor(async () => expect(await redis.exists(keys.dsns(tag))).toBe(0), { timeout: 30_000 });
  } finally {
    await sender.stop();
    await server.stop();
  }
  expect(Object.fromEntries(tries)).toEqual({ "good~dsn": 1, "busy~dsn": 2, "bad~dsn": 1, "same~dsn": 1 });
  const codes = warned.map((fields) => (fields as { readonly err: { readonly code: string } }).err.code);
  expect(codes.toSorted()).toEqual(["overloaded", "platform-unknown"]);
});
