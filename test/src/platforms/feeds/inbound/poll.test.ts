import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../../../../src/model/log.ts";
import type { Platform, PollContext, PollResult } from "../../../../../src/platform/platform.ts";
import { parseState } from "../../../../../src/platforms/feeds/inbound/state.ts";
import { feeds } from "../../../../../src/platforms/feeds/platform.ts";
import { feedItem, feedServer, type ServedFeed } from "../../../../support/feed-server.ts";
import { loopbackEgress } from "../../../../support/loopback-egress.ts";
import { watchEvent } from "../../../../support/vocabulary-watch.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const guard = loopbackEgress();
const sites: Record<string, ServedFeed> = {};
let site: Awaited<ReturnType<typeof feedServer>>;
const platform = feeds({}) as Platform & Required<Pick<Platform, "poll" | "createClient" | "dispose">>;
let client: unknown;
beforeAll(async () => {
  site = await feedServer(sites);
  // As in a worker at work: the threads live on between polls.
  client = await platform.createClient({ app: "a", credentials: undefined, egress: guard, log: silentLog });
});
afterAll(async () => {
  await platform.dispose(client);
  await guard.close();
  await site.stop();
});
beforeEach(() => {
  site.requests.length = 0;
});

const at = (path: string) => `${site.origin}${path}`;
async function pollOnce(path: string, state?: string, overrides: Partial<PollContext> = {}): Promise<PollResult> {
  const signal = new AbortController().signal;
  const none = { app: "app1", state, signal, log: silentLog, triggered: false, hint: undefined };
  const result = await platform.poll(at(path), { ...guard, ...none, ...overrides });
  for (const { event } of result.entries) watchEvent(event);
  return result;
}
const ids = ({ entries }: PollResult) => entries.map(({ event }) => `${event.verb} ${event.id}`);
const headers = (path: string, nth: number) => site.of(path)[nth]?.headers ?? {};

describe("poll: new entries", () => {
  it("remembers entries at the first poll and reports new ones at later polls, the oldest first", async () => {
    const feed: ServedFeed = { entries: [feedItem("b"), feedItem("a")] };
    sites["/new"] = feed;
    const first = await pollOnce("/new");
    expect(first.entries).toEqual([]);
    feed.entries.unshift(feedItem("d"), feedItem("c", "&lt;p&gt;Hi&lt;/p&gt;", "<link>/c</link>"));
    const second = await pollOnce("/new", first.state);
    expect(ids(second)).toEqual(["post c", "post d"]);
    expect(second.entries[0]?.event).toEqual({
      platform: "feeds",
      verb: "post",
      actor: { address: at("/new"), name: "Site" },
      object: { id: "c", title: "c", url: at("/c"), html: "<p>Hi</p>", body: "Hi", summary: "Hi" },
      context: { type: "feed", id: at("/new") },
      id: "c",
      published: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(ids(await pollOnce("/new", second.state))).toEqual([]);
  });

  it("sorts by date where all entries have one", async () => {
    const dated = (id: string, day: number) => feedItem(id, "x", `<pubDate>2010-01-0${day}T00:00:00Z</pubDate>`);
    sites["/dated"] = { entries: [dated("0", 1)] };
    const { state } = await pollOnce("/dated");
    sites["/dated"].entries = [dated("later", 3), dated("0", 1), dated("latest", 4), dated("early", 2)];
    const polled = await pollOnce("/dated", state);
    expect(ids(polled)).toEqual(["post early", "post later", "post latest"]);
    expect(polled.entries[0]?.event.published).toBe("2010-01-02T00:00:00.000Z");
  });

  it("reports changed content as an update, and a changed date not at all", async () => {
    sites["/edit"] = { entries: [feedItem("a"), feedItem("b")] };
    const first = await pollOnce("/edit");
    sites["/edit"].entries = [
      feedItem("a", "said", "<pubDate>2010-01-01T00:00:00Z</pubDate>"),
      feedItem("b", "corrected"),
    ];
    const second = await pollOnce("/edit", first.state);
    expect(ids(second)).toEqual(["update b"]);
    sites["/edit"].entries = [feedItem("b")];
    const third = await pollOnce("/edit", second.state);
    expect(ids(third)).toEqual(["update b"]);
    expect(third.entries[0]?.key).not.toBe(second.entries[0]?.key);
  });

  it("makes the same keys when a poll is repeated", async () => {
    sites["/again"] = { entries: [feedItem("a")] };
    const { state } = await pollOnce("/again");
    sites["/again"].entries.push(feedItem("b"));
    const keys = async () => (await pollOnce("/again", state)).entries.map(({ key }) => key);
    expect(await keys()).toEqual(await keys());
  });

  it("reports a hundred entries per poll and omits none", async () => {
    sites["/flood"] = { entries: [feedItem("0")] };
    let { state } = await pollOnce("/flood");
    sites["/flood"].entries = Array.from({ length: 250 }, (_, n) => feedItem(`e${n}`)).reverse();
    const keys: string[] = [];
    for (let round = 0; round < 4; round++) {
      const polled = await pollOnce("/flood", state);
      expect(polled.entries.length).toBe([100, 100, 50, 0][round]);
      if (polled.entries.length === 100) expect(polled.nextMs).toBeLessThan(17 * MINUTE);
      keys.push(...ids(polled));
      state = polled.state;
    }
    expect(keys).toEqual(Array.from({ length: 250 }, (_, n) => `post e${n}`));
  });

  it("does not report entries again after an empty document", async () => {
    const entries = Array.from({ length: 300 }, (_, n) => feedItem(`e${n}`));
    sites["/empty"] = { entries };
    let { state } = await pollOnce("/empty");
    sites["/empty"] = { entries: [] };
    ({ state } = await pollOnce("/empty", state));
    sites["/empty"] = { entries };
    expect(ids(await pollOnce("/empty", state))).toEqual([]);
  });

  it("keeps an event under 100 kB and the largest feed's state under 16 kB", async () => {
    sites["/big"] = { entries: Array.from({ length: 499 }, (_, n) => feedItem(`e${n}`)) };
    let polled = await pollOnce("/big");
    for (const letter of ["f", "g", "h"]) {
      sites["/big"].entries = [
        feedItem(letter, "x".repeat(1_000_000)),
        ...Array.from({ length: 499 }, (_, n) => feedItem(`${letter}${n}`)),
      ];
      for (let round = 0; round < 5; round++) polled = await pollOnce("/big", polled.state);
      for (const { event } of polled.entries) expect(JSON.stringify(event).length).toBeLessThan(100_000);
    }
    expect(polled.state.length).toBeLessThan(16_000);
  });
});

describe("poll: requests", () => {
  it.each(["strong", "weak"] as const)(
    "sends back a %s ETag unchanged; 304 reports and changes nothing",
    async (etag) => {
      const path = `/${etag}`;
      sites[path] = { entries: [feedItem("a")], etag, modified: "Mon, 06 Sep 2010 01:01:00 GMT" };
      const first = await pollOnce(path);
      const second = await pollOnce(path, first.state);
      expect(headers(path, 0)).not.toHaveProperty("if-none-match");
      expect(headers(path, 1)["if-none-match"]).toMatch(etag === "weak" ? /^W\/"\w+"$/ : /^"\w+"$/);
      expect(headers(path, 1)["if-modified-since"]).toBe("Mon, 06 Sep 2010 01:01:00 GMT");
      expect(site.of(path).map(({ status }) => status)).toEqual([200, 304]);
      expect(second.entries).toEqual([]);
      expect((await pollOnce(path, second.state)).state).toBe(second.state);
    },
  );

  it("uses Last-Modified without an ETag, and compares the bytes without both", async () => {
    sites["/modified"] = { entries: [feedItem("a")], etag: "none", modified: "Mon, 06 Sep 2010 01:01:00 GMT" };
    await pollOnce("/modified", (await pollOnce("/modified")).state);
    expect(site.of("/modified").map(({ status }) => status)).toEqual([200, 304]);
    sites["/plain"] = { entries: [feedItem("a")], etag: "none" };
    const first = await pollOnce("/plain");
    const second = await pollOnce("/plain", first.state);
    expect(second.state).toBe(first.state);
    expect(site.of("/plain").map(({ status }) => status)).toEqual([200, 200]);
  });

  it("polls the address of a permanent move, and the old one when that fails", async () => {
    sites["/old"] = { entries: [], status: 301, location: "/moved" };
    sites["/moved"] = { entries: [feedItem("a")] };
    const first = await pollOnce("/old");
    expect(parseState(first.state)?.url).toBe(at("/moved"));
    const second = await pollOnce("/old", first.state);
    expect(site.requests.map(({ path }) => path)).toEqual(["/old", "/moved", "/moved"]);
    sites["/moved"].status = 404;
    sites["/old"] = { entries: [feedItem("a"), feedItem("home")] };
    const third = await pollOnce("/old", second.state);
    expect(ids(third)).toEqual(["post home"]);
    expect(parseState(third.state)).not.toHaveProperty("url");
    sites["/away"] = { entries: [], status: 307, location: "/new" };
    sites["/new"] = { entries: [feedItem("a")] };
    const passing = await pollOnce("/away");
    expect(parseState(passing.state)).not.toHaveProperty("url");
  });

  it("ends when 410 has stayed the same five times, six hours apart", async () => {
    const feed: ServedFeed = { entries: [feedItem("a")] };
    sites["/gone"] = feed;
    let { state } = await pollOnce("/gone");
    const poll = async (path = "/gone") => {
      const result = await pollOnce(path, state);
      ({ state } = result);
      return result;
    };
    const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      for (const _mistake of [1, 2]) {
        feed.status = 410;
        for (let answer = 1; answer < 5; answer += 1) {
          expect(await poll()).toMatchObject({ error: { code: "recipient-unknown" }, nextMs: 6 * HOUR });
          // An early poll, as a hub may cause it, counts for nothing.
          later(HOUR);
          expect((await poll()).ended).toBeUndefined();
          later(5 * HOUR);
        }
        delete feed.status;
        feed.entries.unshift(feedItem(`b${state.length}`));
        expect((await poll()).entries).toHaveLength(1);
      }
      feed.status = 410;
      for (let answer = 1; answer < 5; answer += 1) {
        expect((await poll()).ended).toBeUndefined();
        later(6 * HOUR);
      }
      expect((await poll()).ended).toMatchObject({ code: "recipient-unknown", retryable: false });
    } finally {
      vi.useRealTimers();
    }
  });

  it("counts 410 also where a feed could never be read", async () => {
    sites["/never"] = { entries: [], status: 410 };
    const first = await pollOnce("/never");
    expect(first).toMatchObject({ error: { code: "recipient-unknown" } });
    sites["/never"] = { entries: [feedItem("a")] };
    expect(ids(await pollOnce("/never", first.state))).toEqual([]);
  });

  it("fails at 404 and keeps Retry-After at 429", async () => {
    await expect(pollOnce("/none")).rejects.toMatchObject({ code: "recipient-unknown" });
    sites["/busy"] = { entries: [], status: 429, headers: { "Retry-After": "120" } };
    await expect(pollOnce("/busy")).rejects.toMatchObject({ kind: "rate-limited", retryAfterMs: 120_000 });
    sites["/page"] = { entries: [], body: "<!doctype html><title>Moved</title>", type: "text/html" };
    await expect(pollOnce("/page")).rejects.toMatchObject({ code: "platform-protocol-error" });
  });

  it("refuses private networks, also by redirect", async () => {
    sites["/inside"] = { entries: [], status: 301, location: "http://169.254.169.254/feed" };
    await expect(pollOnce("/inside")).rejects.toMatchObject({ code: "address-blocked" });
  });

  it("starts over with an unreadable state", async () => {
    sites["/odd"] = { entries: [feedItem("a")] };
    expect(ids(await pollOnce("/odd", "{}"))).toEqual([]);
  });
});

describe("poll: interval", () => {
  const next = async (path: string, feed: ServedFeed) => {
    sites[path] = feed;
    return (await pollOnce(path)).nextMs;
  };
  const every = (ms: number) => ({
    entries: Array.from({ length: 10 }, (_, n) => {
      const date = new Date(Date.now() - n * ms).toISOString();
      return feedItem(`e${n}`, "x", `<pubDate>${date}</pubDate>`);
    }),
  });

  it("is a quarter of the mean gap between entries, from 15 minutes to a day", async () => {
    for (const [ms, expected] of [
      [MINUTE, 15 * MINUTE],
      [8 * HOUR, 2 * HOUR],
      [30 * 24 * HOUR, 24 * HOUR],
    ] as const) {
      const wait = await next(`/every${ms}`, every(ms));
      expect(wait).toBeGreaterThanOrEqual(expected * 0.99);
      expect(wait).toBeLessThanOrEqual(expected * 1.11);
    }
  });

  it("is at least the server's max-age, the feed's ttl and sy:updatePeriod, up to a day", async () => {
    const busy = every(MINUTE);
    const sy = '<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">hourly</sy:updatePeriod>';
    expect(
      await next("/age", { ...busy, headers: { "Cache-Control": "public, max-age=7200" } }),
    ).toBeGreaterThanOrEqual(2 * HOUR);
    expect(await next("/ttl", { ...busy, head: "<ttl>180</ttl>" })).toBeGreaterThanOrEqual(3 * HOUR);
    expect(await next("/sy", { ...busy, head: sy })).toBeGreaterThanOrEqual(HOUR);
    expect(await next("/no", { ...busy, headers: { "Cache-Control": "no-cache, max-age=7200" } })).toBeLessThan(HOUR);
    expect(await next("/long", { ...busy, head: "<ttl>9999999</ttl>" })).toBeLessThan(27 * HOUR);
  });

  it("skips the hours and days that the feed excludes", async () => {
    const now = new Date();
    const hours = [0, 1, 2].map((more) => `<hour>${(now.getUTCHours() + more) % 24}</hour>`).join("");
    const wait = await next("/hours", { ...every(MINUTE), head: `<skipHours>${hours}</skipHours>` });
    expect(new Date(Date.now() + wait).getUTCHours()).toBe((now.getUTCHours() + 3) % 24);
    const names = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    const [today, yesterday] = [names[now.getUTCDay()], names[(now.getUTCDay() + 6) % 7]];
    const skipped = `<skipDays><day>${yesterday}</day><day>${today}</day></skipDays>`;
    const days = await next("/days", { ...every(MINUTE), head: skipped });
    expect(new Date(Date.now() + days).getUTCDay()).toBe((now.getUTCDay() + 1) % 7);
    const always = Array.from({ length: 24 }, (_, hour) => `<hour>${hour}</hour>`).join("");
    expect(await next("/never", { ...every(MINUTE), head: `<skipHours>${always}</skipHours>` })).toBeLessThan(HOUR);
  });
});
