import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/model/log.ts";
import { validationErrors } from "../../../../src/model/validate.ts";
import { type Collection, objectIssues } from "../../../../src/platform/vocabulary/vocabulary.ts";
import type { Entry } from "../../../../src/platforms/feeds/client/document/feed.ts";
import { feeds } from "../../../../src/platforms/feeds/platform.ts";
import { FetchSchema } from "../../../../src/platforms/feeds/schemas/fetch.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { type Answer, webServer } from "../../../support/web-server.ts";

const guard = loopbackEgress();
const site: Record<string, Answer> = {};
let server: Awaited<ReturnType<typeof webServer>>;
/** An open client keeps the threads alive between activities, as in a worker. */
const shared = feeds({});
let client: unknown;
beforeAll(async () => {
  client = await shared.createClient?.({ app: "app1", credentials: undefined, egress: guard, log: silentLog });
  server = await webServer((path) => site[path] ?? { status: 404 });
});
afterAll(async () => {
  await shared.dispose?.(client);
  await guard.close();
  await server.stop();
});

const at = (path: string) => `${server.origin}${path}`;
const rss = (items: string, head = "<title>News</title>") =>
  `<?xml version="1.0"?><rss version="2.0"><channel>${head}${items}</channel></rss>`;
const item = (n: number, more = "") => `<item><title>Item ${n}</title><guid>id-${n}</guid>${more}</item>`;
const xml = (body: string | Uint8Array, type = "application/xml"): Answer => ({
  headers: { "Content-Type": type },
  body,
});

async function get(paths: readonly string[], object: object = {}, platform = shared) {
  const receipt = await runOnce(
    platform,
    {
      id: "01TEST",
      rid: "1",
      platform: "feeds",
      verb: "fetch",
      actor: { address: "me" },
      target: paths.map((path) => ({ address: path.startsWith("/") ? at(path) : path })),
      object: { ...object },
    },
    guard,
  );
  const result = receipt.object as unknown as Page & Collection<Page>;
  expect(objectIssues(["feeds"], { ...receipt.object })).toEqual([]);
  return { outcomes: receipt.outcomes, result, pages: paths.length === 1 ? [result] : result.items };
}
interface Page extends Collection<Entry> {
  readonly feeds: {
    readonly url: string;
    readonly movedTo?: string;
    readonly foundOn?: string;
  };
}
const page = async (path: string, object: object = {}) => (await get([path], object)).pages[0] as Page;
const entry = async (path: string) => (await page(path)).items[0] as Entry;
const error = async (path: string, platform = shared) => (await get([path], {}, platform)).outcomes[0]?.error;

describe("fetch: formats", () => {
  it("reads RSS 2.0", async () => {
    site["/rss"] = xml(
      rss(
        `<item><title>A &amp; B</title><link>/1</link><guid isPermaLink="false">g1</guid>
        <pubDate>Mon, 06 Sep 2010 01:01:00 +0100</pubDate><description>&lt;p&gt;Short &amp;uuml;ber&lt;/p&gt;</description>
        <content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/"><![CDATA[<p>Long</p><script>x()</script>]]></content:encoded>
        <dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Bob</dc:creator><category>news</category>
        <enclosure url="/a.mp3" length="5" type="audio/mpeg"/></item>`,
        "<title>News</title><link>http://example.org/</link><description>All</description><language>en</language>",
      ),
    );
    expect(await page("/rss")).toEqual({
      type: "collection",
      address: at("/rss"),
      feeds: {
        url: at("/rss"),
        format: "rss",
        title: "News",
        description: "All",
        link: "http://example.org/",
        language: "en",
      },
      items: [
        {
          id: "g1",
          title: "A & B",
          url: "http://example.org/1",
          published: "2010-09-06T00:01:00.000Z",
          author: { name: "Bob" },
          html: "<p>Long</p><script>x()</script>",
          body: "Long",
          summary: "Short über",
          attachments: [{ url: "http://example.org/a.mp3", mediaType: "audio/mpeg", size: 5 }],
          tags: ["news"],
        },
      ],
    });
  });

  it("reads Atom with xml:base and xhtml", async () => {
    site["/atom"] = xml(`<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://example.org/blog/"><id>f</id>
      <title type="html">T &lt;b&gt;bold&lt;/b&gt;</title><updated>2010-01-02T00:00:00Z</updated><link href="/"/><author><name>N</name></author>
      <entry><id>tag:1</id><title>E</title><link rel="enclosure" href="a.ogg" type="audio/ogg"/><link href="1"/>
      <updated>2010-01-01T10:00:00+02:00</updated><category term="t" label="Tea"/>
      <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">x <b>y</b></div></content></entry></feed>`);
    expect(await page("/atom")).toMatchObject({
      feeds: { format: "atom", title: "T bold", link: "http://example.org/" },
    });
    expect(await entry("/atom")).toEqual({
      id: "tag:1",
      title: "E",
      url: "http://example.org/blog/1",
      updated: "2010-01-01T08:00:00.000Z",
      author: { name: "N" },
      html: "x <b>y</b>",
      body: "x y",
      attachments: [{ url: "http://example.org/blog/a.ogg", mediaType: "audio/ogg" }],
      tags: ["Tea"],
    });
  });

  it("reads JSON Feed", async () => {
    const items = [
      { id: 7, url: "/7", content_text: "Plain <not html>", date_published: "2010-01-01T00:00:00Z", tags: ["x"] },
    ];
    const feed = { version: "https://jsonfeed.org/version/1.1", title: "J", authors: [{ name: "Q" }], items };
    site["/json"] = xml(JSON.stringify(feed), "application/feed+json");
    expect(await page("/json")).toMatchObject({
      feeds: { format: "json", title: "J" },
      items: [{ id: "7", url: at("/7"), body: "Plain <not html>", author: { name: "Q" }, tags: ["x"] }],
    });
    expect(await entry("/json")).not.toHaveProperty("html");
  });

  it.each(["0.91", "0.92"])("reads RSS %s and RSS 1.0 (RDF)", async (version) => {
    site["/old"] = xml(
      `<rss version="${version}"><channel><title>Old</title><item><title>x</title><link>/x</link></item></channel></rss>`,
    );
    expect(await page("/old")).toMatchObject({
      feeds: { format: "rss" },
      items: [{ id: at("/x"), title: "x", url: at("/x") }],
    });
    site["/rdf"] =
      xml(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="http://x/"><title>R</title></channel>
      <item rdf:about="http://x/1"><title>i</title><link>http://x/1</link><dc:date>2010-01-01T00:00:00Z</dc:date></item></rdf:RDF>`);
    expect(await page("/rdf")).toMatchObject({
      feeds: { format: "rdf", title: "R" },
      items: [{ id: "http://x/1", title: "i", published: "2010-01-01T00:00:00.000Z" }],
    });
  });

  it.each([
    ["undeclared entities", rss(item(1, "<description>A&nbsp;B</description>"))],
    ["a lone ampersand", rss(item(1, "<description>A & B</description>"))],
    ["blanks and a warning before it", `\n Warning: oops\n${rss(item(1))}`],
    ["a script behind it", `${rss(item(1))}<script>1</script>`],
    ["tags that stay open", rss(item(1, "<description>a<br>b</description>"))],
    ["undeclared prefixes", rss(item(1, "<dc:creator>x</dc:creator>"))],
    ["control characters", rss(item(1, "<description>a\u0008b</description>"))],
  ])("reads a feed with %s", async (_, body) => {
    site["/broken"] = xml(body);
    expect(await entry("/broken")).toMatchObject({ id: "id-1", title: "Item 1" });
  });
});

describe("fetch: limit, cursor and dates", () => {
  const dated = (n: number) => item(n, `<pubDate>2010-01-${String(n).padStart(2, "0")}T00:00:00Z</pubDate>`);
  const many = () => xml(rss([...Array(28).keys()].map((n) => dated(n + 1)).join("") + item(99)));
  const ids = async (object: object) => {
    site["/many"] = many();
    const { items, next } = await page("/many", object);
    return { ids: items.map(({ id }) => id), next };
  };

  it("returns the newest first, ten by default, and a cursor when more follow", async () => {
    const ten = [28, 27, 26, 25, 24, 23, 22, 21, 20, 19].map((n) => `id-${n}`);
    const first = await ids({});
    expect(first).toEqual({ ids: ten, next: expect.any(String) });
    expect((await ids({ limit: 2 })).ids).toEqual(["id-28", "id-27"]);
    expect((await ids({ limit: 29 })).ids.at(-1)).toBe("id-99");
    expect((await ids({ limit: 500 })).next).toBeUndefined();
    expect((await ids({ limit: 2, after: first.next })).ids).toEqual(["id-18", "id-17"]);
    const last = await ids({ limit: 500, after: first.next });
    expect(last.ids).toHaveLength(19);
    // The entry that a cursor names may be gone.
    const gone = `${Date.parse("2010-01-03T12:00:00Z")}.000000000000`;
    expect((await ids({ after: gone })).ids).toEqual(["id-3", "id-2", "id-1"]);
  });

  it("filters by date, both ends inclusive and in any zone", async () => {
    const since = "2010-01-27T00:00:00Z";
    expect(await ids({ since })).toEqual({ ids: ["id-28", "id-27"], next: undefined });
    expect((await ids({ since: "2010-01-27T00:00:00-01:00" })).ids).toEqual(["id-28"]);
    expect((await ids({ until: "2010-01-02T00:00:00Z" })).ids).toEqual(["id-2", "id-1"]);
    expect((await ids({ since, until: "2010-01-27T00:00:00Z" })).ids).toEqual(["id-27"]);
  });

  it("keeps a result under 256 KiB: drops long bodies first, then the oldest entries", async () => {
    const long = `<description>&lt;p&gt;${"é ".repeat(20_000)}&lt;/p&gt;</description>`;
    site["/long"] = xml(rss([...Array(40).keys()].map((n) => item(n, long)).join("")));
    const { items } = await page("/long", { limit: 500 });
    expect(items).toHaveLength(40);
    for (const { htmlTruncated, bodyTruncated, html, body = "" } of items) {
      expect([htmlTruncated, bodyTruncated, html]).toEqual([true, true, undefined]);
      expect(body.length).toBeGreaterThanOrEqual(256);
    }
    const wide = `<link>http://example.org/${"x".repeat(1_900)}</link>`;
    site["/wide"] = xml(rss([...Array(500).keys()].map((n) => item(n, wide)).join("")));
    const twenty = await get(
      Array.from({ length: 20 }, () => "/wide"),
      { limit: 500 },
    );
    expect(twenty.pages).toHaveLength(20);
    expect(twenty.pages.every(({ items, next }) => items.length > 0 && items.length < 500 && next)).toBe(true);
    expect(Buffer.byteLength(JSON.stringify([twenty.outcomes, twenty.result]))).toBeLessThan(256 * 1024);
  });
});

describe("fetch: encodings", () => {
  const text = rss("<item><title>Grüße, 世界</title></item>");
  const western = rss("<item><title>Grüße</title></item>");
  const utf16 = (big: boolean, mark: boolean) => {
    const bytes = Buffer.from(`${mark ? "\ufeff" : ""}${text}`, "utf16le");
    return big ? bytes.swap16() : bytes;
  };
  it.each<[string, Answer, string]>([
    ["UTF-8", xml(text), "Grüße, 世界"],
    ["UTF-8 with a mark", xml(`\ufeff${text}`), "Grüße, 世界"],
    ["UTF-16 little", xml(utf16(false, true)), "Grüße, 世界"],
    ["UTF-16 big", xml(utf16(true, true)), "Grüße, 世界"],
    ["UTF-16 without a mark", xml(utf16(false, false), "application/xml; charset=utf-16"), "Grüße, 世界"],
    ["Latin 1 by header", xml(Buffer.from(western, "latin1"), 'text/xml; charset="ISO-8859-1"'), "Grüße"],
    ["Latin 1 by declaration", xml(Buffer.from(western.replace("?>", " encoding='iso-8859-1'?>"), "latin1")), "Grüße"],
    [
      "a header that wins over the declaration",
      xml(western.replace("?>", " encoding='iso-8859-1'?>"), "text/xml; charset=utf-8"),
      "Grüße",
    ],
    ["an encoding nobody knows", xml(western, "text/xml; charset=klingon"), "Grüße"],
  ])("reads %s", async (name, answer, title) => {
    site[`/${encodeURIComponent(name)}`] = answer;
    expect(await entry(`/${encodeURIComponent(name)}`)).toMatchObject({ title });
  });
});

describe("fetch: addresses", () => {
  it("finds the feed that a page names", async () => {
    site["/page"] = xml(
      `<!doctype html><head><base href="/sub/"><link rel="stylesheet" href="x.css"><LINK REL='Alternate' title="a > b"
       type="application/rss+xml" href="feed?a=1&amp;b=2"></head>`,
      "text/html; charset=utf-8",
    );
    site["/sub/feed?a=1&b=2"] = xml(rss(item(1)));
    expect(await page("/page")).toMatchObject({
      feeds: { url: at("/sub/feed?a=1&b=2"), foundOn: at("/page"), title: "News" },
    });
    site["/endless"] = xml(
      '<html><link rel="alternate" type="application/atom+xml" href="/endless"></html>',
      "text/html",
    );
    expect(await error("/endless")).toMatchObject({ code: "platform-protocol-error" });
    expect(server.requests.filter((path) => path === "/endless")).toHaveLength(2);
  });

  it("reports permanent moves only", async () => {
    site["/new"] = xml(rss(item(1)));
    site["/301"] = { status: 301, headers: { Location: "/308" } };
    site["/308"] = { status: 308, headers: { Location: "/new" } };
    site["/302"] = { status: 302, headers: { Location: "/301" } };
    site["/half"] = { status: 301, headers: { Location: "/302" } };
    expect(await page("/301")).toMatchObject({ feeds: { url: at("/new"), movedTo: at("/new") } });
    expect(await page("/half")).toMatchObject({ feeds: { url: at("/new"), movedTo: at("/302") } });
    const { feeds: passing } = await page("/302");
    expect(passing.url).toBe(at("/new"));
    expect(passing).not.toHaveProperty("movedTo");
  });

  it.each([
    [404, "recipient-unknown", false],
    [410, "recipient-unknown", false],
    [401, "permission-denied", false],
    [429, "platform-rate-limited", true],
    [400, "platform-rejected", false],
    [503, "platform-unavailable", true],
  ])("status %i fails with %s", async (status, code, retryable) => {
    site["/status"] = { status, headers: { "Retry-After": "9" } };
    const { outcomes } = await get(["/status"]);
    expect(outcomes).toMatchObject([
      { error: { code, retryable, platformCode: `HTTP ${status}` }, status: retryable ? "deferred" : "failed" },
    ]);
    expect(outcomes[0]?.retryAfterMs).toBe(retryable ? 9_000 : undefined);
  });

  it("says that a feed is gone for good", async () => {
    site["/gone"] = { status: 410 };
    expect((await error("/gone"))?.detail).toContain("removed permanently");
  });

  it("keeps the feeds of other targets when one fails", async () => {
    site["/fine"] = xml(rss(item(1)));
    site["/away"] = { status: 503 };
    const { outcomes, pages: found } = await get(["/away", "/fine", "/none"]);
    expect(outcomes.map(({ status, error }) => [status, error?.code])).toEqual([
      ["failed", "platform-unavailable"],
      ["sent", undefined],
      ["failed", "recipient-unknown"],
    ]);
    expect(found).toMatchObject([{ address: at("/fine") }]);
  });

  it("refuses private networks, also by redirect or discovery", async () => {
    site["/inside"] = { status: 302, headers: { Location: "http://169.254.169.254/latest/" } };
    site["/points"] = xml(
      '<html><link rel="alternate" type="application/rss+xml" href="http://10.0.0.1/"></html>',
      "text/html",
    );
    for (const path of ["http://10.0.0.1/feed", "feed:http://[::1]/", "/inside", "/points"]) {
      expect((await error(path))?.code, path).toBe("address-blocked");
    }
  });

  it("gives up redirects in circles or to no address", async () => {
    site["/circle"] = { status: 302, headers: { Location: "/circle" } };
    site["/nowhere"] = { status: 302, headers: { Location: "http://" } };
    expect(await error("/circle")).toMatchObject({ code: "platform-rejected" });
    expect(server.requests.filter((path) => path === "/circle")).toHaveLength(6);
    expect(await error("/nowhere")).toMatchObject({ code: "platform-rejected" });
  });

  it("times out a server that sends byte by byte", async () => {
    let timer: NodeJS.Timeout | undefined;
    site["/drip"] = (response) => {
      timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(timer));
    };
    expect(await error("/drip", feeds({ feedMs: 300 }))).toMatchObject({ code: "platform-timeout", retryable: true });
    clearInterval(timer);
  });

  it.each(["http://", "feed:nothing here", "ftp://example.org/feed", "javascript:alert(1)"])(
    "refuses %s",
    (address) => {
      const activity = { actor: { address: "me" }, target: [{ address }], object: {} };
      const issue = feeds({}).validate?.("fetch", { platform: "feeds", verb: "fetch", ...activity });
      expect(validationErrors(FetchSchema, activity).length > 0 || issue !== undefined).toBe(true);
    },
  );
});
