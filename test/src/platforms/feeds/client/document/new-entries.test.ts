import { describe, expect, it } from "vitest";
import { findNewEntries } from "../../../../../../src/platforms/feeds/client/document/new-entries.ts";

const LIMITS = { maxEntries: 100, maxEntryBytes: 100_000 };
const URL_HERE = "https://feeds.example/feed.xml";

/** Polls documents in turn and returns the report of each poll. */
function polls(...documents: ReadonlyArray<readonly string[]>): string[][] {
  let seen: string | undefined;
  let newest: number | undefined;
  return documents.map((items) => {
    const text = `<rss version="2.0"><channel><title>News</title>${items.join("")}</channel></rss>`;
    const task = { bytes: Buffer.from(text), contentType: "", url: URL_HERE, seen, newest, ...LIMITS };
    const found = findNewEntries(task);
    if (found.kind !== "new-entries") throw new Error("The document is no feed");
    ({ seen, newest } = found);
    return found.entries.map(({ entry, isUpdate }) => `${isUpdate ? "update" : "post"} ${entry.title}`);
  });
}

const item = (title: string, more = "") => `<item><title>${title}</title>${more}</item>`;
const LINK = "<link>https://site.example/status</link>";
const dated = (title: string, day: number) => item(title, `${LINK}<pubDate>2026-01-0${day}T00:00:00Z</pubDate>`);
const guid = (title: string, id: string) => item(title, `<guid isPermaLink="false">${id}</guid>`);

describe("findNewEntries", () => {
  it("reports each new entry once where all have the same link and no id", () => {
    const [a, b, c, d] = [dated("a", 1), dated("b", 2), dated("c", 3), dated("d", 4)];
    expect(polls([a], [c, b, a], [d, c, b], [d])).toEqual([[], ["post b", "post c"], ["post d"], []]);
  });

  it("tells entries apart by their dates where all else is the same", () => {
    const [first, second, third] = [dated("up", 1), dated("up", 2), dated("up", 3)];
    expect(polls([second, first], [third, second, first])).toEqual([[], ["post up"]]);
  });

  it("reports an entry as updated where its link is its own", () => {
    const entry = (title: string) => item(title, "<link>https://site.example/1</link>");
    expect(polls([entry("a")], [entry("b")])).toEqual([[], ["update b"]]);
  });

  it("reports old entries no second time while the feed repeats an id", () => {
    const good = [guid("a", "1"), guid("b", "2"), guid("c", "3")];
    const broken = [guid("a", "1"), guid("b", "1"), guid("c", "1"), guid("d", "1")];
    expect(polls(good, broken, [...good, guid("d", "4")])).toEqual([[], ["post d"], []]);
  });

  it("reports both of two new entries with the same id", () => {
    expect(polls([guid("a", "1")], [guid("a", "1"), guid("b", "2"), guid("c", "2")])).toEqual([
      [],
      ["post c", "post b"],
    ]);
  });

  it("reports nothing again where a publisher gives all entries new ids, or https links", () => {
    const entry = (title: string, scheme: string, prefix: string) =>
      item(title, `<link>${scheme}://site.example/${title}</link><guid isPermaLink="false">${prefix}${title}</guid>`);
    const all = (scheme: string, prefix: string, ...titles: readonly string[]) =>
      titles.map((title) => entry(title, scheme, prefix));
    const before = all("http", "old:", "c", "b", "a");
    const after = all("https", "new:", "d", "c", "b", "a");
    expect(polls(before, after, after, before)).toEqual([[], ["post d"], [], []]);
  });

  it("reports what a monitor says in the same words again", () => {
    const says = (day: number, ...words: readonly string[]) =>
      words.map((title) => item(title, `<guid>${day}${title}</guid><pubDate>2026-01-0${day}T00:00:00Z</pubDate>`));
    const all = ["down", "slow", "up"];
    const posts = [...all].reverse().map((title) => `post ${title}`);
    expect(polls(says(1, ...all), says(2, ...all), says(3, ...all))).toEqual([[], posts, posts]);
  });

  it("reports an entry with a new id and known words", () => {
    const before = [guid("all is well", "1"), guid("b", "2"), guid("c", "3")];
    const after = [guid("all is well", "4"), ...before];
    expect(polls(before, after, [guid("all is well", "5"), guid("all is well", "6")])).toEqual([
      [],
      ["post all is well"],
      ["post all is well", "post all is well"],
    ]);
  });
});
