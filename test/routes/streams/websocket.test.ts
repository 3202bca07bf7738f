import { createConnection } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Problem } from "../../../routes/http/problem.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import type { SubmitResult } from "../../../src/operations/submit-activity.ts";
import { result } from "../../src/streaming/tail-fixture.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { callers, type StreamServerOptions, streamServer } from "./stream-server.ts";

let redis: TestRedis;
const open: Array<{ stop: () => Promise<void> }> = [];
beforeAll(async () => {
  redis = await testRedis();
});
afterEach(async () => {
  for (const server of open.splice(0)) await server.stop();
});
afterAll(() => redis.stop());

const serve = async (options?: StreamServerOptions) => {
  const server = await streamServer(redis, options);
  open.push(server);
  return server;
};

const confirm = (rid: string): SubmitResult => ({
  replayed: false,
  confirm: { type: "confirm", verb: "confirm", rid, id: "01", status: "queued", href: "/gateway/activities/x" },
});

type Message = Record<string, unknown>;

function connect(url: string, app: string, headers: Record<string, string> = {}) {
  const ws = new WebSocket(url, { headers: { ...(app ? { Authorization: `Bearer ${app}` } : {}), ...headers } });
  const messages: Message[] = [];
  let check = () => {};
  ws.on("message", (data) => {
    messages.push(JSON.parse(data.toString()));
    check();
  });
  ws.on("error", () => undefined);
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    ws.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      check = () => condition() && resolve();
      check();
    });
  return {
    ws,
    messages,
    closed,
    until,
    count: (type: string, n: number) => until(() => messages.filter((m) => m.type === type).length >= n),
    of: (type: string) => messages.filter((m) => m.type === type),
    send: (value: unknown) => ws.send(typeof value === "string" ? value : JSON.stringify(value)),
  };
}

function refusedWith(url: string, app: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Message }>((resolve, reject) => {
    const ws = new WebSocket(url, { headers: { ...(app ? { Authorization: `Bearer ${app}` } : {}), ...headers } });
    ws.on("open", () => reject(new Error("it opened")));
    ws.on("error", () => undefined);
    ws.on("unexpected-response", async (_req, res) => {
      let text = "";
      for await (const part of res) text += part;
      resolve({ status: res.statusCode as number, headers: res.headers, body: JSON.parse(text) });
    });
  });
}

test("a socket confirms activities first, then sends events with their cursor; after resumes", async () => {
  const { ws: url, log } = await serve({
    // The result is in the log before the submit has answered: still the confirm goes first.
    submit: async (events, caller, posted) => {
      const { rid } = posted as { rid: string };
      await events.append(caller.app, result(rid));
      await events.append(caller.app, result("somebody"));
      await new Promise((resolve) => setTimeout(resolve, 20));
      return confirm(rid);
    },
  });
  const client = connect(url, "ws");
  await client.count("ready", 1);
  client.send({ rid: "r1" });
  client.send({ rid: "r2" });
  await client.count("result", 4);
  const order = client.messages.map(({ type, rid }) => `${type} ${rid}`);
  for (const rid of ["r1", "r2"]) {
    expect(order.indexOf(`confirm ${rid}`)).toBeLessThan(order.indexOf(`result ${rid}`));
  }
  const cursors = client.of("result").map(({ cursor }) => cursor as string);
  expect(cursors).toEqual([...cursors].sort());
  client.ws.close();
  const again = connect(`${url}?after=${cursors[2]}`, "ws");
  await log.append("ws", result("later"));
  await again.until(() => again.of("result").some(({ rid }) => rid === "later"));
  expect(
    again
      .of("result")
      .map(({ cursor }) => cursor)
      .slice(0, 1),
  ).toEqual([cursors[3]]);
  again.ws.close();
});

test("format=cloudevents changes the form of events, not of confirms and controls", async () => {
  const { ws: url, log } = await serve();
  const client = connect(`${url}?format=cloudevents`, "formats");
  await client.count("ready", 1);
  const cursor = await log.append("formats", result("r1"));
  await client.count("dragoman.result.send", 1);
  expect(client.of("dragoman.result.send")).toMatchObject([{ id: cursor, data: { type: "result", rid: "r1" } }]);
  client.ws.close();
});

test("fields leaves out the other fields of events, not of controls", async () => {
  const { ws: url, log } = await serve();
  const client = connect(`${url}?fields=rid`, "fields");
  await client.count("ready", 1);
  const cursor = await log.append("fields", result("r1"));
  await client.count("result", 1);
  expect(client.of("result")).toEqual([{ cursor, type: "result", rid: "r1" }]);
  client.ws.close();
});

test("a socket answers refusals with the problem of REST, and a list item by item", async () => {
  const { ws: url } = await serve({
    submit: async (_log, _caller, posted) => {
      const { rid } = posted as { rid?: string };
      if (rid) return confirm(rid);
      throw new Problem("validation-failed", "No.", { errors: [{ pointer: "/x", detail: "y" }] });
    },
  });
  const client = connect(url, "refuse");
  await client.count("ready", 1);
  client.send("{not json");
  client.send({});
  client.send([{ rid: "a" }, {}, { rid: "b" }]);
  client.send([]);
  client.send({ rid: "big", object: { body: "x".repeat(70_000) } });
  await client.count("refused", 5);
  const codes = client.messages.slice(1).map((m) => (m.problem as Message | undefined)?.code ?? m.rid);
  expect(codes).toEqual([
    "malformed-json",
    "validation-failed",
    "a",
    "validation-failed",
    "b",
    "validation-failed",
    "payload-too-large",
  ]);
  client.ws.close();
});

test("a temporary refusal carries the rid and the retry time, alone and in a list", async () => {
  const { ws: url } = await serve({
    submit: async (_log, _caller, posted) => {
      const { rid } = posted as { rid: string };
      if (rid === "full") throw new Refusal("quota-exceeded", "Later.", undefined, { retryAfter: 5 });
      throw new Error("Connection is closed.");
    },
  });
  const client = connect(url, "later");
  await client.count("ready", 1);
  client.send({ rid: "full" });
  client.send([{ rid: "full" }, { rid: "away" }]);
  await client.count("refused", 3);
  expect(client.of("refused")).toMatchObject([
    { rid: "full", problem: { status: 429, rid: "full", retryAfter: 5 } },
    { rid: "full", problem: { status: 429, rid: "full", retryAfter: 5 } },
    { rid: "away", problem: { status: 503, rid: "away", retryAfter: 2 } },
  ]);
  client.ws.close();
});

test("a caller without permission is refused before the upgrade with status and problem", async () => {
  callers.set("nothing", { scopes: new Set() });
  const { ws: url, streams } = await serve({ config: { streamsPerApp: 1 } });
  const missing = await refusedWith(url, "");
  expect([missing.status, missing.body.code]).toEqual([401, "unauthenticated"]);
  expect(missing.headers["www-authenticate"]).toBe('Bearer realm="dragoman"');
  expect((await refusedWith(url, "ended")).status).toBe(401);
  expect((await refusedWith(url, "nothing")).status).toBe(403);
  expect((await refusedWith(url, "a", { Origin: "https://evil.example" })).status).toBe(403);
  expect((await refusedWith(`${url}?type=nonsense`, "a")).body.code).toBe("bad-parameter");
  expect((await refusedWith(`${url}/elsewhere`, "a")).status).toBe(404);
  expect((await refusedWith(`${url}/echo`, "a")).status).toBe(404);
  expect((await refusedWith(url, "broken")).status).toBe(503);
  const first = connect(url, "one");
  await first.count("ready", 1);
  const limited = await refusedWith(url, "one");
  expect([limited.status, limited.headers["retry-after"]]).toEqual([429, "15"]);
  await streams.drain();
  expect((await refusedWith(url, "two")).status).toBe(503);
  expect((await first.closed).code).toBe(4503);
});

test("a plain request gets 426, a broken handshake a problem, and a reset harms no process", async () => {
  const { url, port } = await serve();
  const plain = await fetch(url.replace("events", "socket"), { headers: { Authorization: "Bearer a" } });
  expect([plain.status, ((await plain.json()) as Message).code]).toEqual([426, "upgrade-required"]);
  const raw = createConnection(port, "127.0.0.1");
  raw.write("GET /gateway/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  let text = "";
  for await (const part of raw) text += part;
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toContain("application/problem+json");
  const reset = createConnection(port, "127.0.0.1");
  reset.write("GET /gateway/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  reset.resetAndDestroy();
  expect((await fetch(url, { method: "OPTIONS" })).status).toBe(204);
});

test("close codes: 4400 for a binary frame, 1009 for a huge one, 4401 when revoked or expired, 4505 for age", async () => {
  callers.set("ws-jti", { app: "codes", via: "token", jti: "j9" });
  callers.set("ws-exp", { app: "codes", via: "token", expiresAt: Math.floor(Date.now() / 1_000) + 1 });
  const { ws: url, log } = await serve({ config: { streamAgeSeconds: 2 } });
  const [binary, huge, revoked, expired, aged] = ["codes", "codes", "ws-jti", "ws-exp", "codes"].map((app) =>
    connect(url, app),
  ) as [ReturnType<typeof connect>, ...ReturnType<typeof connect>[]];
  const all = [binary, huge, revoked, expired, aged] as ReturnType<typeof connect>[];
  await Promise.all(all.map((client) => client.count("ready", 1)));
  binary.ws.send(Buffer.from([1, 2]));
  huge?.ws.send("x".repeat(15 * 1024 * 1024));
  await log.appendControl("codes", { jti: "j9" });
  const closed = await Promise.all(all.map((client) => client.closed));
  expect(closed.map(({ code }) => code)).toEqual([4400, 1009, 4401, 4401, 4505]);
  expect(revoked?.of("goodbye")).toEqual([{ type: "goodbye", reason: "revoked", reconnect: false }]);
});

test("a caller with listen alone cannot send; a caller with send alone gets no events", async () => {
  callers.set("ear", { app: "split", scopes: new Set(["listen"]) });
  callers.set("mouth", { app: "split", scopes: new Set(["send"]) });
  const { ws: url, log } = await serve({ submit: async () => confirm("x") });
  const listener = connect(url, "ear");
  await listener.count("ready", 1);
  const sender = connect(url, "mouth");
  await new Promise((resolve) => sender.ws.on("open", resolve));
  listener.send({ rid: "x" });
  await listener.count("refused", 1);
  expect(listener.of("refused")[0]).toMatchObject({ problem: { code: "forbidden" } });
  await log.append("split", result("1"));
  await listener.count("result", 1);
  sender.send({ rid: "x" });
  await sender.count("confirm", 1);
  expect(sender.messages).toHaveLength(1);
  listener.ws.close();
  sender.ws.close();
});

test("the echo route echoes frames without a greeting, only when switched on", async () => {
  const { ws: url } = await serve({ config: { socketEcho: true } });
  const ws = new WebSocket(`${url}/echo`);
  const got: Array<[string, boolean]> = [];
  await new Promise<void>((resolve) => {
    ws.on("open", () => {
      ws.send("text");
      ws.send(Buffer.from("binary"));
    });
    ws.on("message", (data, isBinary) => {
      got.push([data.toString(), isBinary]);
      if (got.length === 2) resolve();
    });
  });
  ws.close();
  expect(got).toEqual([
    ["text", false],
    ["binary", true],
  ]);
  expect((await refusedWith(`${url}/echo`, "", { "X-Forwarded-For": "192.0.2.1" })).status).toBe(404);
});

test("frames of every length reach a real client unchanged", async () => {
  const { ws: url, log } = await serve();
  const client = connect(url, "lengths");
  await client.count("ready", 1);
  const bodies = [0, 1, 100, 125, 126, 200, 65_000, 65_535, 65_536, 70_000].map((n) => "é".repeat(n));
  for (const body of bodies) await log.append("lengths", result("r", { object: { body } }));
  await client.count("result", bodies.length);
  expect(client.of("result").map(({ object }) => (object as { body: string }).body)).toEqual(bodies);
  client.ws.close();
});

test("frames beyond the concurrency limit are all answered in order", async () => {
  const { ws: url } = await serve({
    submit: async (_log, _caller, posted) => {
      await new Promise((resolve) => setImmediate(resolve));
      return confirm((posted as { rid: string }).rid);
    },
  });
  const client = connect(url, "burst");
  await client.count("ready", 1);
  const all = Array.from({ length: 1_000 }, (_, i) => `b${i}`);
  for (const rid of all) client.send({ rid });
  await client.count("confirm", 1_000);
  expect(client.of("confirm").map(({ rid }) => rid)).toEqual(all);
  client.ws.close();
});
