import { type IdentifiedEntry, identifyEntries, metaOf } from "./entries.ts";
import { timeOf } from "./entry-cursor.ts";
import type { Entry } from "./feed.ts";
import type { NewEntries, NewEntriesTask, NewEntry, NoFeed } from "./jobs.ts";
import { hintsOf } from "./publisher-hints.ts";
import { parseDocument } from "./read.ts";
import { renamedEntries } from "./renamed-entries.ts";
import {
  contentHash,
  entryKey,
  KEY_LENGTH,
  packSeen,
  rememberSeen,
  type SeenEntries,
  unpackSeen,
} from "./seen-entries.ts";
import { trimFeed } from "./trim.ts";

/** Number of the newest dates that the mean gap is made of. */
const DATES_OF_GAP = 20;

/** Finds a document's new and changed entries. Runs in the thread; never throws for a document. */
export function findNewEntries(task: NewEntriesTask): NewEntries | NoFeed {
  const document = parseDocument(task);
  if (document.kind !== "parsed") return document;
  const { feed, parsed } = document;
  const identified = distinct(identifyEntries(feed, task.url));
  const entries = identified.map(({ entry }) => entry);
  const seen = unpackSeen(task.seen ?? "");
  const contents = new Set(seen.values());
  const renamed = renamedEntries(entries, seen, task.newest);
  const found =
    task.seen === undefined
      ? []
      : inOrder(identified.flatMap((entry) => (renamed.has(entry.entry) ? [] : newEntryOf(entry, seen, contents))));
  const reported = found.slice(0, task.maxEntries);
  const waiting = new Set(found.slice(task.maxEntries).map(({ key }) => key.slice(0, KEY_LENGTH)));
  const seenNow: SeenEntries = new Map(
    entries.flatMap((entry): Array<[string, string]> => {
      const key = entryKey(entry);
      // A waiting entry stays as it was seen before, or unseen.
      const content = waiting.has(key) ? seen.get(key) : contentHash(entry);
      return content === undefined ? [] : [[key, content]];
    }),
  );
  return {
    kind: "new-entries",
    meta: metaOf(feed, task.url),
    entries: reported.map((item) => ({ ...item, entry: trimEntry(item.entry, task.maxEntryBytes) })),
    remaining: found.length - reported.length,
    seen: packSeen(rememberSeen(seen, seenNow)),
    hints: parsed === undefined ? {} : hintsOf(parsed, task.url),
    ...datesOf(entries),
  };
}

/** Keeps the first entry of each id. */
function distinct(entries: readonly IdentifiedEntry[]): readonly IdentifiedEntry[] {
  const ids = new Set<string>();
  return entries.filter(({ entry: { id } }) => !ids.has(id) && ids.add(id));
}

/**
 * Returns the entry if it is new or changed. An entry without an id of its own may have been seen under another one, and an
 * entry with a repeated id under its former id: then its content tells.
 */
function newEntryOf(
  { entry, otherIds, isIdRepeated }: IdentifiedEntry,
  seen: SeenEntries,
  contents: ReadonlySet<string>,
): readonly NewEntry[] {
  const [key, content] = [entryKey(entry), contentHash(entry)];
  const seenContent = seen.get(key);
  const isSeen =
    seenContent === content ||
    (isIdRepeated && contents.has(content)) ||
    otherIds.some((id) => seen.get(entryKey({ id })) === content);
  return isSeen ? [] : [{ entry, key: `${key}${content}`, isUpdate: seenContent !== undefined }];
}

/** Sorts oldest first: by date where all have one, else in the document's reversed order. */
function inOrder(entries: readonly NewEntry[]): readonly NewEntry[] {
  const reversed = [...entries].reverse();
  const isDated = reversed.every(({ entry }) => !Number.isNaN(timeOf(entry)));
  return isDated ? reversed.sort((a, b) => timeOf(a.entry) - timeOf(b.entry)) : reversed;
}

function trimEntry(entry: Entry, maxBytes: number): Entry {
  const { entries } = trimFeed({ format: "rss", entries: [entry], more: false }, maxBytes);
  const { html: _html, body: _body, attachments: _attachments, tags: _tags, ...head } = entry;
  return entries[0] ?? { ...head, bodyTruncated: true };
}

function datesOf(entries: readonly Entry[]): Pick<NewEntries, "gapMs" | "newest"> {
  const now = Date.now();
  const times = entries
    .map(timeOf)
    .filter((time) => time <= now)
    .sort((a, b) => b - a)
    .slice(0, DATES_OF_GAP);
  const [newest] = times;
  const oldest = times.at(-1);
  if (newest === undefined || oldest === undefined) return {};
  return times.length < 3 ? { newest } : { newest, gapMs: Math.round((newest - oldest) / (times.length - 1)) };
}
