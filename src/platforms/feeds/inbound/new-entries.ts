import { decoded } from "../client/decode.ts";
import { feedsOf, isPage } from "../client/discover.ts";
import type { Entry, Fresh, News, NewsTask, Read } from "../client/document/feed.ts";
import { entriesOf, metaOf } from "../client/document/normalize.ts";
import { trimmed } from "../client/document/trim.ts";
import { parsed, timeOf } from "../client/read.ts";
import { wishesOf } from "./publisher-hints.ts";
import { contentOf, type KnownEntries, keyOf, packed, remembered, unpacked } from "./seen-entries.ts";

/** How many of the newest dates make the rhythm. */
const RHYTHM = 20;

/** Finds what a document brings that was not known. Runs in the thread; throws nothing that a document can provoke. */
export function news(task: NewsTask): News | Exclude<Read, { kind: "feed" }> {
  const text = decoded(task.bytes, task.contentType);
  const found = parsed(text);
  if (!found)
    return isPage(text, task.contentType) ? { kind: "page", feeds: feedsOf(text, task.url) } : { kind: "neither" };
  const { draft, feed } = found;
  const entries = once(entriesOf(draft, task.url));
  const before = unpacked(task.known ?? "");
  const all = task.known === undefined ? [] : inOrder(entries.flatMap((entry) => freshOf(entry, before)));
  const fresh = all.slice(0, task.most);
  const later = new Set(all.slice(task.most).map(({ key }) => key.slice(0, 12)));
  const now: KnownEntries = new Map(
    entries.flatMap((entry): Array<[string, string]> => {
      const key = keyOf(entry);
      // What has to wait stays as it was known, or not known.
      const content = later.has(key) ? before.get(key) : contentOf(entry);
      return content === undefined ? [] : [[key, content]];
    }),
  );
  const meta = metaOf(draft, task.url);
  return {
    kind: "news",
    meta,
    fresh: fresh.map((one) => ({ ...one, entry: fitting(one.entry, task.mostBytes) })),
    left: all.length - fresh.length,
    known: packed(remembered(before, now)),
    wishes: feed === undefined ? {} : wishesOf(feed, task.url),
    ...rhythmOf(entries),
  };
}

/** Each id once: of two entries that can't be told apart the first counts. */
function once(entries: readonly Entry[]): readonly Entry[] {
  const seen = new Set<string>();
  return entries.filter(({ id }) => !seen.has(id) && seen.add(id));
}

function freshOf(entry: Entry, before: KnownEntries): readonly Fresh[] {
  const [key, content] = [keyOf(entry), contentOf(entry)];
  const known = before.get(key);
  return known === content ? [] : [{ entry, key: `${key}${content}`, changed: known !== undefined }];
}

/** The oldest first: by date where all have one, else the document turned round. */
function inOrder(fresh: readonly Fresh[]): readonly Fresh[] {
  const turned = [...fresh].reverse();
  const dated = turned.every(({ entry }) => !Number.isNaN(timeOf(entry)));
  return dated ? turned.sort((a, b) => timeOf(a.entry) - timeOf(b.entry)) : turned;
}

function fitting(entry: Entry, mostBytes: number): Entry {
  const { entries } = trimmed({ format: "rss", entries: [entry], more: false }, mostBytes);
  const { html: _, text: __, ...bare } = entry;
  return entries[0] ?? { ...bare, media: [], tags: [], trimmed: true };
}

function rhythmOf(entries: readonly Entry[]): Pick<News, "gapMs" | "newest"> {
  const now = Date.now();
  const times = entries
    .map(timeOf)
    .filter((time) => time <= now)
    .sort((a, b) => b - a)
    .slice(0, RHYTHM);
  const [newest] = times;
  const oldest = times.at(-1);
  if (newest === undefined || oldest === undefined) return {};
  return times.length < 3 ? { newest } : { newest, gapMs: Math.round((newest - oldest) / (times.length - 1)) };
}
