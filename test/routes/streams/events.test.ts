import { EventSource } from "eventsource";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { keys } from "../../../src/redis/keys.ts";
import { result, session } from "../../src/streaming/tail-fixture.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { rawStream } from "./sse-client.ts";
import { callers, type StreamServerOptions, streamServer } from "./stream-server.ts";

let redis: TestRedis;
const open: Array<{ stop: () => Promise<void> }> = [];
const serve = async (options?: StreamServerOptions) => {
  const server = await streamServer(redis, options);
  open.push(server);
  return server;
};
beforeAll(async () => {
  redis = await testRedis();
});
afterEach(async () => {
  for (const server of open.splice(0)) await server.stop();
});
afterAll(() => redis.stop());

test("a stream starts with retry, a comment and ready; events follow unnamed, with their cursor as id", async () => {
  const { port, log } = await serve();
  const client = await rawStream(port, { app: "first" });
  await client.event("ready");
  expect(client.status()).toBe(200);
  expect(client.head()).toMatch(/content-type: text\/event-stream\r\n/i);
  expect(client.head()).toMatch(/cache-control: no-cache, no-store, no-transform\r\n/i);
  expect(client.head()).toMatch(/x-accel-buffering: no/i);
  expect(client.text()).toMatch(/^retry: 3000\n: [^\n]*\n\nevent: ready\nid: [^.\n]+\.\d+-\d+\ndata: \{.*\}\n\n$/);
  const cursor = await log.append("first", result("r1"));
  await client.count(1);
  expect(client.log()).toEqual([{ ...result("r1"), cursor }]);
  expect(client.events[1]?.event).toBeUndefined();
  client.close();
});

test("named=1 sends the type as the event's name", async () => {
  const { port, log } = await serve();
  const client = await rawStream(port, { app: "named", path: "?named=1" });
  await client.event("ready");
  await log.append("named", session("bob@example.com"));
  await client.event("session");
  client.close();
});

test("format=cloudevents and activitystreams change the form of each event, not its id or name", async () => {
  const { port, log } = await serve();
  const clients = await Promise.all(
    ["?format=cloudevents", "?format=activitystreams&named=1", ""].map((path) =>
      rawStream(port, { app: "forms", path }),
    ),
  );
  await Promise.all(clients.map((client) => client.event("ready")));
  const cursor = await log.append("forms", result("r1"));
  await clients[0]?.count(1);
  await clients[1]?.event("result");
  await clients[2]?.count(1);
  const sent = clients
    .map(({ text }) => /^data: (.*result.*)$/m.exec(text())?.[1] ?? "{}")
    .map((data) => JSON.parse(data));
  expect(sent).toMatchObject([
    { specversion: "1.0", id: cursor, data: { rid: "r1" } },
    { type: "Create", "dragoman:event": { rid: "r1" } },
    { type: "result", rid: "r1" },
  ]);
  for (const client of clients) {
    expect(client.text()).toContain(`id: ${cursor}`);
    client.close();
  }
});

test("fields leaves out the other fields of each event, whatever their order, but not its type", async () => {
  const { port, log } = await serve();
  const clients = await Promise.all(
    ["?fields=status,rid", "?fields=rid,status&named=1", "?fields=retryAt"].map((path) =>
      rawStream(port, { app: "fields", path }),
    ),
  );
  await Promise.all(clients.map((client) => client.event("ready")));
  const cursor = await log.append("fields", result("r1"));
  await clients[0]?.count(1);
  await clients[1]?.event("result");
  await clients[2]?.count(1);
  expect(clients.map(({ text }) => /^data: (.*"result".*)$/m.exec(text())?.[1])).toEqual([
    '{"type":"result","rid":"r1","status":"sent"}',
    '{"type":"result","rid":"r1","status":"sent"}',
    '{"type":"result"}',
  ]);
  for (const client of clients) {
    expect(client.text()).toContain(`id: ${cursor}`);
    client.close();
  }
});

test("an HTTP/1.0 client gets unchunked text until the connection closes", async () => {
  const { port, log, streams } = await serve();
  const client = await rawStream(port, { app: "old", version: "1.0" });
  await client.event("ready");
  await log.append("old", result("r1"));
  await client.count(1);
  expect(client.head()).not.toMatch(/transfer-encoding/i);
  await streams.drain();
  await client.ended();
  expect(client.named("goodbye")).toHaveLength(1);
  expect(client.text().endsWith("\n\n")).toBe(true);
});

test("the eventsource package reconnects and gets each event exactly once", async () => {
  const { url, log, server } = await serve();
  const seen: string[] = [];
  let check = () => {};
  const source = new EventSource(url, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, Authorization: "Bearer source" } }),
  });
  source.onmessage = ({ data }) => {
    seen.push(JSON.parse(data).rid);
    check();
  };
  const ready = () => new Promise<void>((resolve) => source.addEventListener("ready", () => resolve(), { once: true }));
  const count = (n: number) =>
    new Promise<void>((resolve) => {
      check = () => seen.length >= n && resolve();
      check();
    });
  await ready();
  await log.append("source", result("1"));
  await count(1);
  const back = ready();
  server.closeAllConnections();
  for (const rid of ["2", "3", "4"]) await log.append("source", result(rid));
  await back;
  await log.append("source", result("5"));
  await count(5);
  source.close();
  expect(seen).toEqual(["1", "2", "3", "4", "5"]);
});

test("Last-Event-ID precedes after; earliest and latest are accepted", async () => {
  const { port, log } = await serve();
  const cursors: string[] = [];
  for (const rid of ["a", "b", "c"]) cursors.push(await log.append("resume", result(rid)));
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const client = await rawStream(port, { app: "resume", path, headers });
    await client.event("ready");
    await log.append("resume", session("mark"));
    await client.until(() => client.log().some(({ type }) => type === "session"));
    client.close();
    return client.log().flatMap(({ rid }) => rid ?? []);
  };
  expect(await ask(`?after=${cursors[0]}`)).toEqual(["b", "c"]);
  expect(await ask(`?after=${cursors[0]}`, { "Last-Event-ID": cursors[1] as string })).toEqual(["c"]);
  expect(await ask("?after=earliest&type=result&type=session")).toEqual(["a", "b", "c"]);
  expect(await ask("?after=latest")).toEqual([]);
});

test("events that are no longer kept are a gap directly after ready, and the stream continues", async () => {
  const { port, log, control } = await serve();
  const cursors: string[] = [];
  for (const rid of ["a", "b", "c"]) cursors.push(await log.append("gap", result(rid)));
  await control.xtrim(keys.log("gap"), "MAXLEN", 1);
  const future = (cursors[2] as string).replace(/\..*/, ".99999999999999-0");
  for (const after of [cursors[0] as string, "garbage", "x.1-0", future]) {
    const client = await rawStream(port, { app: "gap", headers: { "Last-Event-ID": after } });
    await client.event("gap");
    expect(client.events.map(({ event }) => event)).toEqual(["ready", "gap"]);
    const gap = JSON.parse(client.events[1]?.data as string);
    expect(gap).toMatchObject({ earliest: cursors[2], latest: client.events[1]?.id });
    expect(gap.requested).toBe(after === "garbage" ? null : after);
    client.close();
  }
});

test("a quiet stream gets heartbeats, with its position after events of others", async () => {
  const { port, log } = await serve({ config: { heartbeatSeconds: 1 } });
  const client = await rawStream(port, { app: "quiet", path: "?rid=mine" });
  await client.event("ready");
  const other = await log.append("quiet", result("other"));
  await client.event("position");
  expect(client.named("position")[0]).toMatchObject({ id: other, data: "{}" });
  expect(client.text()).toContain("\n\n:\n\n");
  client.close();
});

test("filters and a token's limits hold on the stream; bad parameters are refused with the name", async () => {
  callers.set("limited", { app: "lim", limits: { actors: ["alice@example.com"] } });
  const { port, log } = await serve();
  const client = await rawStream(port, { app: "limited", path: "?platform=smtp" });
  await client.event("ready");
  await log.append("lim", result("1", { platform: "email" }));
  await log.append("lim", result("2", { platform: "dummy", actor: { address: "alice@example.com" } }));
  await log.append("lim", result("3", { platform: "email", actor: { address: "Alice@Example.com" } }));
  await client.count(1);
  expect(client.log().map(({ rid }) => rid)).toEqual(["3"]);
  client.close();
  for (const path of [
    "?type=nonsense",
    "?after=a&after=b",
    "?named=maybe",
    "?format=xml",
    "?fields=cursor",
    "?fields=rid,",
    "?fields=rid&format=cloudevents",
    "?rid=%20",
    "?platform=",
  ]) {
    const bad = await rawStream(port, { app: "lim", path, headers: { Connection: "close" } });
    await bad.ended();
    expect(bad.status()).toBe(400);
    expect(JSON.parse(bad.text())).toMatchObject({ code: "bad-parameter" });
  }
});

test("a stream answers 401 without a key, 403 without the scope, 204 for an ended token, 405, 406, HEAD, OPTIONS", async () => {
  callers.set("sender", { scopes: new Set(["send"]) });
  const { url } = await serve();
  const ask = (token: string, init: RequestInit = {}) =>
    fetch(url, {
      ...init,
      headers: { Accept: "text/event-stream", ...(token ? { Authorization: `Bearer ${token}` } : {}), ...init.headers },
    });
  const missing = await ask("");
  expect([missing.status, missing.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="dragoman"']);
  expect((await ask("sender")).status).toBe(403);
  expect((await ask("ended")).status).toBe(204);
  expect((await ask("ended", { headers: { Accept: "application/json" } })).status).toBe(401);
  expect((await ask("a", { method: "POST" })).status).toBe(405);
  expect((await ask("a", { headers: { Accept: "image/png" } })).status).toBe(406);
  const head = await ask("a", { method: "HEAD" });
  expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  const options = await ask("", { method: "OPTIONS" });
  expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
});

test("a temporary condition is 200, retry and goodbye for a stream, 429 or 503 for a poll", async () => {
  const { url, port, streams } = await serve({ config: { streamsPerApp: 1 } });
  const first = await rawStream(port, { app: "full" });
  await first.event("ready");
  const refused = async (app: string) => {
    const client = await rawStream(port, { app });
    await client.ended();
    expect(client.status()).toBe(200);
    expect(client.retries[0]).toBeGreaterThanOrEqual(1_000);
    return JSON.parse(client.named("goodbye")[0]?.data as string);
  };
  const poll = (app: string) => fetch(url, { headers: { Accept: "application/json", Authorization: `Bearer ${app}` } });
  expect(await refused("full")).toEqual({ reason: "limit", reconnect: true });
  expect(await refused("guessing")).toEqual({ reason: "limit", reconnect: true });
  expect(await refused("broken")).toEqual({ reason: "unavailable", reconnect: true });
  const limited = await poll("full");
  expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "15"]);
  expect((await poll("broken")).status).toBe(503);
  first.close();
  const drained = streams.drain();
  expect(await refused("anyone")).toEqual({ reason: "drain", reconnect: true });
  expect((await poll("anyone")).status).toBe(503);
  await drained;
});

test("a slot is freed when its listener leaves", async () => {
  const { port, streams } = await serve({ config: { streamsPerApp: 1 } });
  for (let i = 0; i < 3; i++) {
    const client = await rawStream(port, { app: "seat" });
    await client.event("ready");
    expect(streams.count()).toBe(1);
    client.close();
    while (streams.count() > 0) await new Promise((resolve) => setImmediate(resolve));
  }
});

test("goodbye on revocation, expiry and age says whether to reconnect, and the body ends properly", async () => {
  const now = Math.floor(Date.now() / 1_000);
  callers.set("jti", { app: "bye", via: "token", jti: "j1" });
  callers.set("expiring", { app: "bye", via: "token", expiresAt: now + 1 });
  callers.set("cookie", { app: "bye", via: "token", expiresAt: now + 1, cookie: true });
  const { port, log } = await serve({ config: { streamAgeSeconds: 2 } });
  const names = ["jti", "expiring", "cookie", "aged"];
  const clients = await Promise.all(names.map((app) => rawStream(port, { app })));
  await Promise.all(clients.map((client) => client.event("ready")));
  await log.appendControl("bye", { jti: "j1" });
  await Promise.all(clients.map((client) => client.ended()));
  expect(clients.map((client) => JSON.parse(client.named("goodbye")[0]?.data as string))).toEqual([
    { reason: "revoked", reconnect: false },
    { reason: "expired", reconnect: false },
    { reason: "expired", reconnect: true },
    { reason: "age", reconnect: true },
  ]);
  expect(clients.every((client) => client.complete())).toBe(true);
});

test("drain says goodbye to all streams, with spread reconnect times", async () => {
  const { port, streams } = await serve();
  const clients = await Promise.all(Array.from({ length: 25 }, () => rawStream(port, { app: "drain" })));
  await Promise.all(clients.map((client) => client.event("ready")));
  await streams.drain();
  await Promise.all(clients.map((client) => client.ended()));
  const retries = clients.map((client) => client.retries.at(-1) as number);
  expect(clients.every((client) => client.named("goodbye").length === 1 && client.complete())).toBe(true);
  expect(new Set(retries).size).toBeGreaterThan(5);
  expect(streams.count()).toBe(0);
});

test("a stalled reader is disconnected without effect on others, and resumes exactly", async () => {
  const { port, log, streams } = await serve();
  const stalled = await rawStream(port, { app: "slow" });
  const healthy = await rawStream(port, { app: "slow" });
  await Promise.all([stalled.event("ready"), healthy.event("ready")]);
  stalled.socket.pause();
  const body = "x".repeat(60_000);
  let sent = 0;
  while (streams.count() === 2) {
    await log.append("slow", result(`${sent++}`, { object: { body } }));
    await healthy.count(sent);
  }
  expect(healthy.log().map(({ rid }) => rid)).toEqual(Array.from({ length: sent }, (_, i) => `${i}`));
  stalled.socket.resume();
  await stalled.ended();
  const got = stalled.log();
  const again = await rawStream(port, { app: "slow", path: `?after=${got.at(-1)?.cursor ?? stalled.events[0]?.id}` });
  await again.count(sent - got.length);
  expect([...got, ...again.log()].map(({ rid }) => rid)).toEqual(Array.from({ length: sent }, (_, i) => `${i}`));
  healthy.close();
  again.close();
});

test("streams survive a crash and restart of Redis without loss or duplicates", async () => {
  const { port, log } = await serve();
  const client = await rawStream(port, { app: "kill" });
  await client.event("ready");
  for (let i = 0; i < 10; i++) {
    await log.append("kill", result(`${i}`));
    if (i % 4 === 1) {
      await redis.kill();
      await redis.start();
    }
  }
  await client.count(10);
  expect(client.log().map(({ rid }) => rid)).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
  expect(client.named("gap")).toEqual([]);
  client.close();
});

test("apps see no events of each other, even with each other's cursors", async () => {
  const { port, log } = await serve();
  const foreign = await log.append("one", result("secret-1"));
  await log.append("two", result("mine-1"));
  const client = await rawStream(port, { app: "two", headers: { "Last-Event-ID": foreign } });
  await client.event("gap");
  await log.append("one", result("secret-2"));
  await log.append("two", result("mine-2"));
  await client.count(1);
  expect(client.text()).not.toContain("secret");
  client.close();
});
