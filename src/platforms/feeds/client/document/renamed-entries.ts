import { timeOf } from "./entry-cursor.ts";
import type { Entry } from "./feed.ts";
import { contentHash, entryKey, type SeenEntries } from "./seen-entries.ts";

/** Entries that must have been renamed at once before that counts as evidence. */
const MIN_RENAMED = 3;

/**
 * Returns the entries that were seen under other ids. A publisher gave all of them new ids: another system, https for http.
 * Each is the only one of its words, here and among those seen, and not later than `newest`: feeds of a monitor or of a
 * status page repeat the same few words in new entries.
 */
export function renamedEntries(
  entries: readonly Entry[],
  seen: SeenEntries,
  newest: number | undefined,
): ReadonlySet<Entry> {
  if (entries.some((entry) => seen.has(entryKey(entry)))) return new Set();
  const counts = countsOf([...seen.values()]);
  const countsHere = countsOf(entries.map(contentHash));
  const renamed = entries.filter(
    (entry) =>
      !(timeOf(entry) > (newest ?? Number.POSITIVE_INFINITY)) &&
      countsHere.get(contentHash(entry)) === 1 &&
      contentsOf(entry).some((content) => counts.get(content) === 1),
  );
  return new Set(renamed.length < MIN_RENAMED ? [] : renamed);
}

/** Returns the hashes of an entry with its link by http and by https. */
function contentsOf(entry: Entry): readonly string[] {
  const { url } = entry;
  if (url === undefined) return [contentHash(entry)];
  const other = url.startsWith("https:") ? `http:${url.slice(6)}` : url.replace(/^http:/, "https:");
  return [contentHash(entry), contentHash({ ...entry, url: other })];
}

function countsOf(contents: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const content of contents) counts.set(content, (counts.get(content) ?? 0) + 1);
  return counts;
}
