import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { keys } from "../../../src/redis/keys.ts";
import { result } from "../../src/streaming/tail-fixture.ts";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { callers, type StreamServerOptions, streamServer } from "./stream-server.ts";

interface Answer {
  readonly events: ReadonlyArray<{ readonly rid: string }>;
  readonly cursor: string;
}

let redis: TestRedis;
const open: Array<{ stop: () => Promise<void> }> = [];
beforeAll(async () => {
  redis = await testRedis();
});
afterEach(async () => {
  for (const server of open.splice(0)) await server.stop();
});
afterAll(() => redis.stop());

async function serve(options?: StreamServerOptions) {
  const server = await streamServer(redis, options);
  open.push(server);
  const poll = async (app: string, query = "") => {
    const answer = await fetch(`${server.url}${query}`, {
      headers: { Accept: "application/json", Authorization: `Bearer ${app}` },
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Answer };
  };
  return { ...server, poll };
}
const rids = (body: Answer) => body.events.map(({ rid }) => rid);

test.each(["application/json; charset=utf-8", 'application/json;charset="UTF-8", text/html'])(
  "%s asks for a poll: JSON has one charset only",
  async (accept) => {
    const { url } = await serve();
    const answer = await fetch(url, { headers: { Accept: accept, Authorization: "Bearer p" } });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
  },
);

test("a poll without after starts at the end, and its cursor continues exactly once", async () => {
  const { poll, log } = await serve();
  await log.append("p", result("before"));
  const first = await poll("p");
  expect([first.status, first.body.events]).toEqual([200, []]);
  expect(first.headers.get("content-type")).toBe("application/json; charset=utf-8");
  const cursors = [await log.append("p", result("1")), await log.append("p", result("2"))];
  const second = await poll("p", `?after=${first.body.cursor}`);
  expect(second.body.events).toEqual([
    { cursor: cursors[0], ...result("1") },
    { cursor: cursors[1], ...result("2") },
  ]);
  expect((await poll("p", `?after=${second.body.cursor}`)).body).toEqual({ events: [], cursor: cursors[1] });
  expect(rids((await poll("p", "?after=earliest")).body)).toEqual(["before", "1", "2"]);
});

test("a poll waits for an event, at most the requested time", async () => {
  const { poll, log, streams } = await serve();
  const { body } = await poll("w");
  const waiting = poll("w", `?after=${body.cursor}&wait=20`);
  while (streams.count() === 0) await new Promise((resolve) => setImmediate(resolve));
  await log.append("w", result("1"));
  expect(rids((await waiting).body)).toEqual(["1"]);
  expect(rids((await poll("w", "?wait=1")).body)).toEqual([]);
});

test("the cursor of a filtered poll is the position read, not the last match", async () => {
  const { poll, log } = await serve();
  const { body } = await poll("f", "?rid=mine");
  await log.append("f", result("mine"));
  const last = await log.append("f", result("other"));
  const next = await poll("f", `?rid=mine&after=${body.cursor}`);
  expect([rids(next.body), next.body.cursor]).toEqual([["mine"], last]);
});

test("a poll reports a gap at once, with the cursor to continue from", async () => {
  const { poll, log, control } = await serve();
  const old = await log.append("g", result("1"));
  const appendedId = await log.append("g", result("2"));
  await control.xtrim(keys.log("g"), "MAXLEN", 1);
  const { body } = await poll("g", `?after=${old}&wait=20`);
  expect(body).toEqual({
    events: [],
    cursor: appendedId,
    gap: { requested: old, earliest: appendedId, latest: appendedId },
  });
});

test("a poll returns many events in parts without duplicates", async () => {
  const { poll, log } = await serve();
  const all = Array.from({ length: 2_300 }, (_, i) => `${i}`);
  await Promise.all(all.map((rid) => log.append("many", result(rid))));
  const got: string[] = [];
  for (let cursor = "earliest"; ; ) {
    const { body } = await poll("many", `?after=${cursor}`);
    if (body.events.length === 0) break;
    expect(body.events.length).toBeLessThanOrEqual(1_000);
    got.push(...rids(body));
    cursor = body.cursor;
  }
  expect(got).toEqual(all);
});

test("waiting polls are answered when the gateway drains, and a token's limits hold", async () => {
  callers.set("pollster", { app: "d", limits: { platforms: [] } });
  const { poll, log, streams } = await serve();
  const waiting = poll("d", "?wait=25");
  while (streams.count() === 0) await new Promise((resolve) => setImmediate(resolve));
  await log.append("other", result("x"));
  const none = poll("pollster", "?after=earliest");
  expect((await none).body.events).toEqual([]);
  await streams.drain();
  expect((await waiting).body.events).toEqual([]);
});

interface Page extends ReadonlyArray<unknown> {
  readonly orderedItems: unknown;
  readonly events: unknown;
}

test("a page as CloudEvents batch or Activity Streams says where it goes on, filters included", async () => {
  const { url, log } = await serve();
  const cursors = [await log.append("standards", result("1")), await log.append("standards", result("2"))];
  const ask = async (query: string, accept: string) => {
    const answer = await fetch(`${url}${query}`, { headers: { Accept: accept, Authorization: "Bearer standards" } });
    const next = /^<(.*)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
    return { type: answer.headers.get("content-type"), next, body: (await answer.json()) as Page };
  };
  const batch = await ask("?after=earliest&rid=1", "application/cloudevents-batch+json");
  expect(batch.type).toBe("application/cloudevents-batch+json; charset=utf-8");
  expect(batch.body).toMatchObject([
    { specversion: "1.0", id: cursors[0], type: "dragoman.result.send", data: { cursor: cursors[0], rid: "1" } },
  ]);
  expect(new URLSearchParams(batch.next?.slice(1)).getAll("rid")).toEqual(["1"]);
  expect((await ask(batch.next ?? "", "application/cloudevents-batch+json")).body).toEqual([]);
  const page = await ask("?after=earliest", "application/activity+json");
  expect(page.type).toBe("application/activity+json; charset=utf-8");
  expect(page.body).toMatchObject({ type: "OrderedCollectionPage", next: page.next });
  expect(page.body.orderedItems).toMatchObject([{ type: "Create" }, { type: "Create" }]);
  expect((await ask("?after=earliest&format=cloudevents", "application/json")).body.events).toMatchObject([
    { id: cursors[0], specversion: "1.0" },
    { id: cursors[1], specversion: "1.0" },
  ]);
});

test("a poll has chosen fields of events with their cursor, and refuses them for a standard's page", async () => {
  const { url, log } = await serve();
  const cursor = await log.append("some", result("1"));
  const ask = (accept: string) =>
    fetch(`${url}?after=earliest&fields=status`, { headers: { Authorization: "Bearer some", Accept: accept } });
  const answer = await ask("application/json");
  expect(await answer.json()).toEqual({ events: [{ cursor, type: "result", status: "sent" }], cursor });
  const refused = await ask("application/cloudevents-batch+json");
  expect([refused.status, await refused.json()]).toMatchObject([400, { code: "bad-parameter" }]);
});

test("a gap is the first item of a page in a standard's format", async () => {
  const { url, log } = await serve();
  await log.append("unreadable", result("1"));
  const headers = { Accept: "application/cloudevents-batch+json", Authorization: "Bearer unreadable" };
  const answer = await fetch(`${url}?after=unreadable`, { headers });
  expect(await answer.json()).toMatchObject([{ type: "dragoman.gap", data: { type: "gap", requested: null } }]);
});
