import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountId } from "../../../src/model/account-id.ts";
import { laneOf } from "../../../src/model/lane.ts";
import { shardOf } from "../../../src/model/shard.ts";
import { redisOutbox } from "../../../src/outbox/redis-outbox.ts";
import { connectionCore } from "../../support/connection-core.ts";
import { activityOf, sendingOf } from "../../support/gateway-core.ts";
import { onePageNetwork } from "../../support/one-page-network.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";

let server: TestRedis;
let network: Awaited<ReturnType<typeof onePageNetwork>>;
let core: Awaited<ReturnType<typeof connectionCore>>;

beforeAll(async () => {
  server = await testRedis();
  network = await onePageNetwork();
  core = await connectionCore(server, network);
});
afterAll(async () => {
  await core.close();
  await network.close();
  await server.stop();
});

describe("activity with an uncertain outcome", () => {
  it("is never sent again after its worker died, also while the network is down", async () => {
    const app = "app1";
    await core.put(app, network.account(0));
    const submitted = network.sendTo(0, "once");
    const rid = await core.post(app, submitted);
    // A worker died between its commit and the result.
    const outbox = redisOutbox({ redis: core.redis, quota: 10, eventsKept: 100, retentionSeconds: 60 });
    const shard = shardOf(app, accountId("parrot", submitted.actor.address));
    const next = await outbox.claim(app, laneOf(app, activityOf({ platform: "parrot", ...submitted }), shard));
    if (next.kind !== "item") throw new Error(next.kind);
    expect(await outbox.commit(next.item, sendingOf(next.item))).toBe("committed");
    await network.kill();
    core.startWorker();
    await core.until(app, (all) =>
      all.some(({ type, status, rid: of }) => of === rid && (type === "result" || status === "deferred")),
    );
    await network.restart();
    expect(await core.result(app, rid)).toMatchObject({ status: "unknown", error: { code: "outcome-unknown" } });
    const last = await core.post(app, network.sendTo(0, "last"));
    expect(await core.result(app, last)).toMatchObject({ status: "sent" });
    expect(await network.peerReceived("last")).toBe(1);
    expect(network.received()).toEqual(["last"]);
  });
});
