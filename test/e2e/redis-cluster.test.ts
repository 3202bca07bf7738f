import request from "supertest";
import { afterAll, beforeAll, expect, it } from "vitest";
import { gateway } from "../support/gateway.ts";
import { type RedisCluster, redisCluster } from "../support/redis-cluster.ts";

let cluster: RedisCluster;
let live: Awaited<ReturnType<typeof gateway>>;
beforeAll(async () => {
  cluster = await redisCluster();
  live = await gateway({ REDIS_URL: cluster.url, PLATFORMS: "dummy" });
});
afterAll(async () => {
  await live.stop();
  await cluster.stop();
});

it("works on a Redis Cluster as on one server: accept, lanes, results, schedules, cancels, polls, for apps of many slots", async () => {
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
}, 90_000);
