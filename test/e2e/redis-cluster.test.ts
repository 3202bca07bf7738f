import request from "supertest";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TestNetwork } from "../contracts/connections/test-network.ts";
import { eventListener } from "../support/event-listener.ts";
import { gateway } from "../support/gateway.ts";
import { type RedisCluster, redisCluster } from "../support/redis-cluster.ts";
import { xmppNetwork } from "../support/xmpp-network.ts";

let cluster: RedisCluster;
let live: Awaited<ReturnType<typeof gateway>>;
let network: TestNetwork;
beforeAll(async () => {
  [cluster, network] = await Promise.all([redisCluster(), xmppNetwork()]);
  live = await gateway({ REDIS_URL: cluster.url, PLATFORMS: "dummy,xmpp", ALLOW_PRIVATE: "127.0.0.0/8" });
});
afterAll(async () => {
  await live.stop();
  await network.close();
  await cluster.stop();
});

it("the gateway on a Redis Cluster accepts, delivers, schedules, cancels and polls for apps of many slots", async () => {
  for (let i = 0; i < 8; i++) {
    const key = await live.keyOf(`app${i}`);
    const call = (method: "get" | "post" | "delete", path: string) =>
      request(live.url)[method](`/gateway${path}`).set("Authorization", `Bearer ${key}`);
    const activity = (rid: string, more = {}) => ({
      rid,
      platform: "dummy",
      verb: "echo",
      actor: { address: "bob" },
      target: { address: "foo" },
      object: { body: "Hi" },
      ...more,
    });
    const start = (await call("get", "/events").set("Accept", "application/json")).body.cursor;
    const sent = await call("post", "/activities").set("Prefer", "wait=20").send(activity("now"));
    expect(sent.body).toMatchObject({ type: "result", rid: "now", status: "sent" });
    const later = { options: { sendAt: new Date(Date.now() + 600_000).toISOString() } };
    expect((await call("post", "/activities").send(activity("later", later))).body.status).toBe("scheduled");
    expect((await call("delete", "/activities/later")).body.status).toBe("cancelled");
    const soon = { options: { sendAt: new Date(Date.now() + 100).toISOString() } };
    const due = await call("post", "/activities").set("Prefer", "wait=20").send(activity("soon", soon));
    expect(due.body).toMatchObject({ type: "result", rid: "soon", status: "sent" });
    const { events } = (await call("get", `/events?type=result&after=${start}`).set("Accept", "application/json")).body;
    expect(events.map((event: { rid: string }) => event.rid)).toEqual(["now", "later", "soon"]);
  }
});

it("the gateway on a Redis Cluster runs account connections for apps of many slots", async () => {
  for (let n = 0; n < 8; n++) {
    const key = await live.keyOf(`held${n}`);
    const call = (method: "put" | "post" | "delete", path: string) =>
      request(live.url)[method](`/gateway${path}`).set("Authorization", `Bearer ${key}`);
    const listener = await eventListener(`${live.url}/gateway`, key);
    const received = (expected: object) =>
      listener.until(() => {
        const seen = expect.objectContaining(expected);
        return listener.events.some((event) => seen.asymmetricMatch(event));
      }, 30_000);
    const put = await call("put", "/accounts").send({ platform: "xmpp", ...network.account(n), online: true });
    await received({ type: "session", state: "online" });
    await network.peerSends(n, `to ${n}`);
    await received({ type: "activity", verb: "send", object: expect.objectContaining({ body: `to ${n}` }) });
    const submitted = { rid: `say${n}`, platform: "xmpp", ...network.sendTo(n, `from ${n}`) };
    const sent = await call("post", "/activities").set("Prefer", "wait=20").send(submitted);
    expect(sent.body).toMatchObject({ type: "result", status: "sent" });
    expect(await network.peerReceived(`from ${n}`)).toBe(1);
    await call("delete", `/accounts/${put.body.id}`).expect(204);
    listener.close();
  }
});
