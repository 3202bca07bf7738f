import Type from "typebox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { suppressedTargets } from "../../../src/delivery/suppressed-targets.ts";
import { accountId } from "../../../src/model/account-id.ts";
import type { Activity } from "../../../src/model/activity.ts";
import type { LaneItem } from "../../../src/outbox/outbox.ts";
import type { VerbContext } from "../../../src/platform/platform.ts";
import { activityOf, gatewayCore } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { testPlatform } from "../../support/test-platform.ts";

const attempts: string[][] = [];
const sendToPending = async (activity: Activity, { pending, commit }: VerbContext) => {
  const addresses = pending.map((index) => activity.target[index]?.address ?? "");
  attempts.push(addresses);
  await commit();
  return { outcomes: addresses.map((address) => ({ address, status: "sent" as const })) };
};
const verbOf = (hasSuppressions: boolean) => ({
  summary: "",
  schema: Type.Object({}),
  example: {},
  hasSuppressions,
  run: (_client: unknown, activity: Activity, context: VerbContext) => sendToPending(activity, context),
});
const platform = testPlatform(sendToPending, { verbs: { echo: verbOf(true), note: verbOf(false) } });

let server: TestRedis;
let core: ReturnType<typeof gatewayCore>;
beforeAll(async () => {
  server = await testRedis();
  core = gatewayCore(server, [platform]);
  core.startWorkers();
  for (const address of ["gone@far.example", "left@far.example"]) {
    const id = accountId("test", address);
    await core.suppressions.add("shop", { id, platform: "test", address, reason: "bounced", detail: "5.1.1 unknown" });
  }
});
afterAll(async () => {
  await core.close();
  await server.stop();
});

async function resultOf(more: Partial<Activity>) {
  attempts.length = 0;
  const activity = activityOf(more);
  const before = (await core.events("shop")).filter(({ type }) => type === "result").length;
  await core.accept("shop", activity);
  return (await core.results("shop", before + 1)).at(-1);
}
const targets = (...addresses: readonly string[]) => addresses.map((address) => ({ address }));

describe("a target on the suppression list", () => {
  it("fails, says how to lift it, and leaves the other targets alone", async () => {
    const result = await resultOf({ target: targets("ann@far.example", "GONE@far.example") });
    expect(attempts).toEqual([["ann@far.example"]]);
    const id = accountId("test", "gone@far.example");
    expect(result).toMatchObject({
      status: "partial",
      target: [
        { address: "ann@far.example", status: "sent" },
        {
          address: "GONE@far.example",
          status: "failed",
          error: {
            code: "suppressed",
            detail: expect.stringContaining(`DELETE /suppressions/${id}`),
            retryable: false,
            platformCode: "5.1.1 unknown",
          },
        },
      ],
    });
  });

  it("ends the activity without an attempt where there is no other", async () => {
    const result = await resultOf({ target: targets("gone@far.example", "left@far.example") });
    expect(attempts).toEqual([]);
    expect(result).toMatchObject({ status: "failed", error: { code: "suppressed" } });
  });

  it("is sent to with options.suppressions: ignore, and by verbs whose targets are no recipients", async () => {
    const target = targets("gone@far.example");
    expect(await resultOf({ target, options: { suppressions: "ignore" } })).toMatchObject({ status: "sent" });
    expect(await resultOf({ target, verb: "note" })).toMatchObject({ status: "sent" });
  });

  it("is sent to again once it is lifted", async () => {
    await core.suppressions.remove("shop", accountId("test", "left@far.example"));
    expect(await resultOf({ target: targets("left@far.example") })).toMatchObject({ status: "sent" });
  });

  it("is unknown where an attempt may have reached it before it was suppressed", async () => {
    const since = Date.now() + 1_000;
    const listed = (address: string, at: number) => ({
      id: accountId("test", address),
      platform: "test",
      address,
      reason: "complained" as const,
      since: at,
    });
    const found = [listed("a", since), listed("b", since - 10_000), undefined];
    const item = { app: "shop", activity: activityOf({ target: targets("a", "b", "c") }), outcomeUncertain: true };
    const mark = suppressedTargets({ findAll: async () => found });
    const { outcomes } = await mark(platform, { ...item, outcomes: [null, null, null] } as unknown as LaneItem);
    expect(outcomes.map((outcome) => outcome?.status ?? null)).toEqual(["unknown", "failed", null]);
  });
});
