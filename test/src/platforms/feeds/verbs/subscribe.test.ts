import { afterAll, beforeAll, expect, it } from "vitest";
import { redisTopics, topicId } from "../../../../../src/polling/redis-topics.ts";
import { keys } from "../../../../../src/redis/keys.ts";
import { feedItem, feedServer, type ServedFeed } from "../../../../support/feed-server.ts";
import { freePort } from "../../../../support/free-port.ts";
import { gateway } from "../../../../support/gateway.ts";
import { hubSignature, webSubHub } from "../../../../support/websub-hub.ts";

const sites: Record<string, ServedFeed> = {};
const stops: Array<() => Promise<void>> = [];
let site: Awaited<ReturnType<typeof feedServer>>;
beforeAll(async () => {
  site = await feedServer(sites);
});
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
  await site.stop();
});
const at = (path: string) => `${site.origin}${path}`;

type Live = Awaited<ReturnType<typeof gateway>>;
async function started(env: Record<string, string> = {}, more: Parameters<typeof gateway>[1] = {}): Promise<Live> {
  const live = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8", ...env }, more);
  stops.push(live.stop);
  return live;
}

interface Result {
  readonly status: string;
  readonly target: ReadonlyArray<{ readonly status: string; readonly error?: { readonly code: string } }>;
  readonly object: {
    readonly items?: ReadonlyArray<{ readonly error?: object; readonly feeds: Record<string, unknown> }>;
    readonly attachments?: ReadonlyArray<{ readonly content: string }>;
    readonly next?: string;
  };
}

/** App of the gateway: posts activities and reads its events. */
async function app(live: Live, name: string) {
  const Authorization = `Bearer ${await live.keyOf(name)}`;
  const base = `${live.url}/gateway`;
  let cursor = "earliest";
  return {
    do: async (verb: string, addresses: readonly string[], object: object = {}) => {
      const target = addresses.map((address) => ({ address }));
      const answer = await fetch(`${base}/activities`, {
        method: "POST",
        headers: { Authorization, "Content-Type": "application/json", Prefer: "wait=25" },
        body: JSON.stringify({ platform: "feeds", verb, actor: { address: "reader" }, target, object }),
      });
      return { http: answer.status, ...((await answer.json()) as Result) };
    },
    /** The next activities, at least so many. */
    eventsAtLeast: async (min: number) => {
      const found: Array<{
        readonly verb: string;
        readonly id?: string;
        readonly actor: { readonly address: string };
      }> = [];
      for (let round = 0; round < 20 && found.length < min; round++) {
        const answer = await fetch(`${base}/events?type=activity&after=${cursor}&wait=${min === 0 ? 0 : 5}`, {
          headers: { Authorization, Accept: "application/json" },
        });
        const page = (await answer.json()) as { readonly events: typeof found; readonly cursor: string };
        cursor = page.cursor;
        found.push(...page.events);
        if (min === 0) break;
      }
      return found.map(({ verb, id, actor }) => `${verb} ${id ?? actor.address}`);
    },
  };
}

it("two apps share the polls of a feed and get each new entry once, across a worker's end", async () => {
  sites["/feed"] = { entries: [feedItem("old")] };
  sites["/page"] = {
    entries: [],
    body: '<!doctype html><link rel="alternate" type="application/rss+xml" href="/feed">',
    type: "text/html",
  };
  const api = await started({}, { works: false });
  const same = { REDIS_URL: api.redis.url, DATA_DIR: api.redis.dir };
  const [first, second] = [await app(api, "one"), await app(api, "two")];
  const worker = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8", ...same });
  expect(await first.do("subscribe", [at("/page")])).toMatchObject({
    status: "sent",
    object: {
      type: "collection",
      items: [
        {
          type: "feed",
          address: at("/feed"),
          title: "Site",
          feeds: { target: at("/page"), format: "rss", foundOn: at("/page") },
        },
      ],
    },
  });
  expect(await second.do("subscribe", [at("/feed#top")])).toMatchObject({
    object: { items: [{ address: at("/feed") }] },
  });
  await site.times("/feed", 5);
  sites["/feed"].entries.push(feedItem("a"));
  expect([await first.eventsAtLeast(1), await second.eventsAtLeast(1)]).toEqual([["post a"], ["post a"]]);
  await worker.stop();
  sites["/feed"].entries.push(feedItem("b"));
  const polls = site.of("/feed").length;
  const other = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8", ...same });
  stops.push(other.stop);
  expect([await first.eventsAtLeast(1), await second.eventsAtLeast(1)]).toEqual([["post b"], ["post b"]]);
  await site.times("/feed", polls + 3);
  expect([await first.eventsAtLeast(0), await second.eventsAtLeast(0)]).toEqual([[], []]);
  // The first document is requested once, and each change is polled once for both apps.
  const whole = site.of("/feed").filter(({ headers, status }) => status === 200 && "if-none-match" in headers);
  expect(whole).toHaveLength(2);

  expect(await first.do("query", [])).toMatchObject({
    object: { total: 1, items: [{ address: at("/feed"), title: "Site", feeds: { status: "ok" } }] },
  });
  expect(await first.do("unsubscribe", [at("/page"), at("/other")])).toMatchObject({
    object: {
      items: [
        { address: at("/feed"), feeds: { target: at("/page"), followed: true } },
        { address: at("/other"), feeds: { target: at("/other"), followed: false } },
      ],
    },
  });
  sites["/feed"].entries.push(feedItem("c"));
  expect([await second.eventsAtLeast(1), await first.eventsAtLeast(0)]).toEqual([["post c"], []]);
  sites["/feed"].status = 410;
  expect(await second.eventsAtLeast(1)).toEqual([`unsubscribe ${at("/feed")}`]);
  expect((await second.do("query", [])).object.items).toEqual([]);
});

it("subscribe refuses addresses without a feed, and query shows a failing feed", async () => {
  const live = await started();
  const reader = await app(live, "reader");
  sites["/text"] = { entries: [], body: "<!doctype html>Nothing", type: "text/html" };
  sites["/fine"] = { entries: [feedItem("a")] };
  const result = await reader.do("subscribe", [at("/text"), at("/missing"), at("/fine"), "http://10.0.0.1/feed"]);
  expect(result.target.map(({ error }) => error?.code)).toEqual([
    "platform-protocol-error",
    "recipient-unknown",
    undefined,
    "address-blocked",
  ]);
  expect(await reader.do("subscribe", [])).toMatchObject({ http: 422, errors: [{ pointer: "/target" }] });
  expect(await reader.do("subscribe", ["ftp://x/"])).toMatchObject({ http: 422 });
  await site.times("/fine", 3);
  sites["/fine"].status = 503;
  await site.times("/fine", site.of("/fine").length + 1);
  let [feed] = (await reader.do("query", [])).object.items ?? [];
  while (feed?.feeds.status !== "failing") [feed] = (await reader.do("query", [])).object.items ?? [];
  expect(feed).toMatchObject({
    feeds: { fails: 1 },
    error: { code: "platform-unavailable", platformCode: "HTTP 503" },
    title: "Site",
  });
  expect(feed.feeds.intervalSeconds).toBeGreaterThanOrEqual(60);
});

it("subscribe imports OPML, and query exports it page by page", async () => {
  const live = await started();
  const reader = await app(live, "reader");
  const opml = (names: readonly string[]) =>
    `<opml version="2.0"><body>${names.map((name) => `<outline text="${name}" xmlUrl="${at(name)}"/>`).join("")}</body></opml>`;
  const attached = (text: string) => ({
    attachments: [{ name: "feeds.opml", content: Buffer.from(text).toString("base64") }],
  });
  expect(await reader.do("subscribe", [], attached(opml(["/1", "/2"])))).toMatchObject({
    status: "sent",
    object: { feeds: { imported: 2, skipped: 0 } },
  });
  const many = Array.from({ length: 1_500 }, (_, n) => `/${n}`);
  expect(await reader.do("subscribe", [], attached(opml(many)))).toMatchObject({
    status: "sent",
    object: { feeds: { imported: 1_500 } },
  });
  const found: string[] = [];
  let after: string | undefined;
  do {
    const { object } = await reader.do("query", [], {
      type: "opml",
      limit: 500,
      ...(after === undefined ? {} : { after }),
    });
    found.push(
      ...[
        ...Buffer.from(object.attachments?.[0]?.content ?? "", "base64")
          .toString()
          .matchAll(/xmlUrl="([^"]+)"/g),
      ].map(([, url = ""]) => url),
    );
    after = object.next;
  } while (after !== undefined);
  expect(found).toEqual(many.map(at).sort());
  expect(await reader.do("subscribe", [], attached("<html>"))).toMatchObject({
    status: "failed",
    error: { code: "content-refused" },
  });
});

it("a hub's signed push triggers a poll at once; forged pushes do nothing", async () => {
  const port = await freePort();
  const hub = await webSubHub();
  stops.push(hub.stop);
  const self = at("/hubbed");
  const feed: ServedFeed = {
    entries: [feedItem("old")],
    headers: { Link: `<${hub.url}>; rel="hub", <${self}>; rel="self"` },
  };
  sites["/hubbed"] = feed;
  const PUBLIC_URL = `http://127.0.0.1:${port}`;
  const ordinary = { feedInterval: { minMs: 900_000, maxMs: 86_400_000 } };
  const live = await started({ PORT: String(port), PUBLIC_URL }, ordinary);
  const reader = await app(live, "reader");
  const topics = redisTopics({ redis: live.client });
  await reader.do("subscribe", [self]);
  await hub.times(1);
  const [{ callback = "", secret = "", ...request } = {}] = hub.requests;
  expect(request).toEqual({ mode: "subscribe", topic: self, leaseSeconds: "864000", verified: true });
  expect(callback).toContain(`${PUBLIC_URL}/gateway/inbound/feeds/`);
  expect(secret).toMatch(/^[\w-]{43}$/);
  // The hub's verification succeeds for this topic only.
  expect(await hub.verify(callback, { mode: "subscribe", topic: at("/other") })).toMatchObject({ status: 404 });
  expect(await hub.verify(callback, { mode: "unsubscribe", topic: self })).toMatchObject({ status: 404 });

  feed.entries.push(feedItem("pushed"));
  const body = "<rss><channel><item><guid>forged</guid><title>forged</title></item></channel></rss>";
  const polls = () => site.of("/hubbed").length;
  const before = polls();
  for (const headers of [{}, hubSignature("wrong", body), hubSignature(secret ?? "", `${body} `)]) {
    expect(await hub.push(callback, body, headers)).toBe(403);
  }
  expect(await hub.push(`${callback.slice(0, -4)}AAAA`, body, hubSignature(secret ?? "", body))).toBe(404);
  expect(polls()).toBe(before);
  const signed = hubSignature(secret ?? "", body, "sha1");
  expect(await hub.push(callback, body, signed)).toBe(200);
  expect(await reader.eventsAtLeast(1)).toEqual(["post pushed"]);
  // Repeated notifications cause another poll after ten seconds at the earliest, and no event.
  const after = polls();
  for (let n = 0; n < 20; n++) expect(await hub.push(callback, body, signed)).toBe(200);
  expect(polls()).toBe(after);
  expect(await reader.eventsAtLeast(0)).toEqual([]);
  expect((await reader.do("query", [])).object.items).toMatchObject([
    { address: self, feeds: { hub: hub.url, status: "ok" } },
  ]);

  await reader.do("unsubscribe", [self]);
  await hub.times(2);
  expect(hub.requests[1]).toMatchObject({ mode: "unsubscribe", topic: self, callback, verified: true });
  while ((await topics.status("feeds", self)) !== undefined) await live.client.ping();
  expect(await hub.push(callback, body, signed)).toBe(404);
  expect(await live.client.exists(keys.webhookEndpoints("-"))).toBe(0);
  expect(topicId("feeds", self)).toHaveLength(22);
});
