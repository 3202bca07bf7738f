import { afterAll, beforeAll, expect, it } from "vitest";
import { deliveryReceipts } from "../../../src/inbound/delivery-receipts.ts";
import { keys } from "../../../src/redis/keys.ts";
import { activityOf, gatewayCore } from "../../support/gateway-core.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { sentTo, testPlatform } from "../../support/test-platform.ts";

let server: TestRedis;
let core: ReturnType<typeof gatewayCore>;

beforeAll(async () => {
  server = await testRedis();
  const traced = testPlatform(async (activity, context) => {
    await context.commit(activity.object.traced === false ? {} : { receiptTtlSeconds: 60 });
    await context.addReceiptId(`<${activity.rid}@network.test>`, 60);
    return sentTo(activity);
  });
  core = gatewayCore(server, [traced]);
  core.startWorkers();
});
afterAll(async () => {
  await core.close();
  await server.stop();
});

const TARGETS = [{ address: "Ann" }, { address: "ben" }];
let apps = 0;
async function sent(more: Parameters<typeof activityOf>[0] = {}) {
  const app = `app${++apps}`;
  const activity = activityOf({ target: TARGETS, ...more });
  await core.accept(app, activity, { ridAsSent: 7 });
  await core.results(app, 1);
  const { suppressions } = core;
  const report = deliveryReceipts({ redis: core.redis, eventsKept: 1_000, suppressions });
  const suppressed = async () =>
    (await suppressions.list(app, { limit: 100 })).suppressions.map(({ id: _, since: __, ...entry }) => entry);
  const statusEvents = async () =>
    (await core.events(app)).slice(2).map(({ status, target, rid }) => ({ status, target, rid }));
  return { app, activity, report, statusEvents, suppressed };
}

const GONE = {
  code: "recipient-unknown",
  detail: "Nobody there.",
  retryable: false,
  platformCode: "5.1.1 550 5.1.1 No such user",
};

it("deliveryReceipts publishes each step by target once, and never an earlier step later", async () => {
  const { app, activity, report, statusEvents } = await sent();
  const { id } = activity;
  await report(app, { id, status: "delivered", target: "ann" });
  await report(app, { id, status: "delivered", target: "ann" });
  await report(app, { id, status: "read" });
  await report(app, { id, status: "delivered" });
  const error = { code: "recipient-unknown", detail: "Nobody there.", retryable: false };
  await report(app, { id, status: "failed", target: "ben", error });
  expect(await statusEvents()).toEqual([
    { rid: 7, status: "delivered", target: [{ address: "Ann", status: "delivered" }] },
    { rid: 7, status: "read", target: TARGETS.map(({ address }) => ({ address, status: "read" })) },
    { rid: 7, status: "failed", target: [{ address: "ben", status: "failed", error }] },
  ]);
});

it("deliveryReceipts notes each step in the timeline of a sent activity, within bounds", async () => {
  const { app, activity, report } = await sent({ rid: "7" });
  const error = { code: "recipient-unknown", detail: "Nobody there.", retryable: false };
  await report(app, { id: activity.id, status: "delivered", target: "ann" });
  await report(app, { id: activity.id, status: "failed", target: "ben", error });
  const notes = async () => (await core.outbox.find(app, activity.rid))?.notes ?? [];
  expect(await notes()).toEqual([
    { step: "receipt", at: expect.any(Number), status: "delivered", target: ["Ann"] },
    { step: "receipt", at: expect.any(Number), status: "failed", target: ["ben"], error },
  ]);
  const many = await sent({ rid: "7", target: Array.from({ length: 300 }, (_, index) => ({ address: `t${index}` })) });
  for (const { address } of many.activity.target) {
    await many.report(many.app, { id: many.activity.id, status: "delivered", target: address });
    await many.report(many.app, { id: many.activity.id, status: "read", target: address });
  }
  expect(await core.redis.strlen(keys.record(many.app, "7"))).toBeLessThan(24_576);
  const found = await core.outbox.find(many.app, "7");
  expect(found?.result?.target).toHaveLength(300);
  expect(found?.notes.length).toBeGreaterThan(20);
});

it("deliveryReceipts finds the rid by the id that the network gave the message", async () => {
  const { app, activity, report, statusEvents } = await sent();
  await report(app, { id: `<${activity.rid}@network.test>`, status: "delivered", target: "ben" });
  expect(await statusEvents()).toEqual([
    { rid: 7, status: "delivered", target: [{ address: "ben", status: "delivered" }] },
  ]);
});

it("deliveryReceipts loses none of many simultaneous reports", async () => {
  const target = Array.from({ length: 20 }, (_, at) => ({ address: `t${at}` }));
  const { app, activity, report, statusEvents } = await sent({ target });
  await Promise.all(
    target.map((recipient) => report(app, { id: activity.id, status: "delivered", target: recipient.address })),
  );
  const reported = (await statusEvents()).flatMap((event) =>
    (event.target as Array<{ address: string }>).map((recipient) => recipient.address),
  );
  expect(reported.sort()).toEqual(target.map((recipient) => recipient.address).sort());
});

it("deliveryReceipts ignores unknown ids and other apps' activities", async () => {
  const { app, activity, report, statusEvents } = await sent({ object: { traced: false } });
  const other = await sent();
  await report(app, { id: activity.id, status: "delivered" });
  await report(app, { id: "01NOBODY", status: "delivered" });
  await report(app, { id: other.activity.id, status: "delivered" });
  expect(await statusEvents()).toEqual([]);
  expect(await other.statusEvents()).toEqual([]);
});

it("deliveryReceipts suppresses the target whose address is gone, and no other", async () => {
  const { app, activity, report, suppressed } = await sent();
  const { id } = activity;
  const gone = { status: "failed", error: GONE, isAddressGone: true } as const;
  await report(app, { id, target: "Stranger", ...gone });
  await report(app, { id: "01NOBODY", target: "ann", ...gone });
  await report(app, { id, target: "ben", status: "failed", error: { ...GONE, platformCode: "5.2.2 mailbox full" } });
  expect(await suppressed()).toEqual([]);
  await report(app, { id, target: "ann", ...gone });
  expect(await suppressed()).toEqual([
    { platform: "test", address: "Ann", reason: "bounced", detail: "5.1.1 550 5.1.1 No such user", rid: 7 },
  ]);
});

it("deliveryReceipts does not suppress anew by a repeated report what was lifted", async () => {
  const { app, activity, report, suppressed } = await sent();
  const gone = { id: activity.id, target: "ann", status: "failed", error: GONE, isAddressGone: true } as const;
  await report(app, gone);
  const [entry] = (await core.suppressions.list(app, { limit: 1 })).suppressions;
  await core.suppressions.remove(app, entry?.id ?? "");
  await report(app, gone);
  expect(await suppressed()).toEqual([]);
});

it("deliveryReceipts suppresses who complained only where that is certain, and leaves the status", async () => {
  const { app, activity, report, statusEvents, suppressed } = await sent();
  const { id } = activity;
  await report(app, { id, complaint: "abuse" });
  await report(app, { id, complaint: "abuse", target: "stranger" });
  expect(await suppressed()).toEqual([]);
  await report(app, { id, complaint: "abuse", target: "BEN" });
  const complained = { platform: "test", reason: "complained", detail: "abuse", rid: 7 };
  expect(await suppressed()).toEqual([{ ...complained, address: "ben" }]);
  expect(await statusEvents()).toEqual([]);
  const single = await sent({ target: [{ address: "ann" }] });
  await single.report(single.app, { id: single.activity.id, complaint: "abuse" });
  expect(await single.suppressed()).toEqual([{ ...complained, address: "ann" }]);
});
