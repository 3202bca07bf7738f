import { type AnyFeed, parseFeed } from "feedsmith";
import { ENTRIES } from "../schemas/fetch.ts";
import { decoded } from "./decode.ts";
import { feedsOf, isPage } from "./discover.ts";
import type { Entry, Feed, Read, Task } from "./document/feed.ts";
import { salvaged } from "./document/lenient-parser.ts";
import { entriesOf, metaOf } from "./document/normalize.ts";
import { draftOf, type FeedDraft } from "./document/normalized-entry.ts";
import { trimmed } from "./document/trim.ts";

/** Makes of a downloaded document what the task wants. Runs in the thread; throws nothing that a document can provoke. */
export function read(task: Task): Read {
  const text = decoded(task.bytes, task.contentType);
  const found = parsed(text);
  if (found) return { kind: "feed", feed: wanted(found.draft, task) };
  return isPage(text, task.contentType) ? { kind: "page", feeds: feedsOf(text, task.url) } : { kind: "neither" };
}

/** A feed in our words, and as the parser has it unless it had to be salvaged; undefined for what is none. */
export function parsed(text: string): { readonly draft: FeedDraft; readonly feed?: AnyFeed } | undefined {
  // The parser reads a whole document before it counts, so most of a long one is taken away first.
  for (const part of new Set([shortened(text), text])) {
    try {
      const feed = parseFeed(part, { maxItems: ENTRIES.most });
      return { feed, draft: draftOf(feed) };
    } catch {
      // Not a feed, or one that is ill-formed.
    }
  }
  const draft = salvaged(shortened(text));
  return draft && { draft };
}

/** An XML feed without what stands behind its 500th entry. */
function shortened(text: string): string {
  const ends = text.matchAll(/<\/(?:[\w-]{1,20}:)?(?:item|entry)\s*>/gi);
  let count = 0;
  for (const { 0: tag, index } of ends) {
    count += 1;
    if (count < ENTRIES.most) continue;
    const last = text.toLowerCase().lastIndexOf(tag.toLowerCase());
    return last > index ? text.slice(0, index) + text.slice(last) : text;
  }
  return text;
}

function wanted(draft: FeedDraft, { url, limit, after, before, mostBytes }: Task): Feed {
  const inside = (entry: Entry) => {
    if (after === undefined && before === undefined) return true;
    const at = timeOf(entry);
    return at > (after ?? Number.NEGATIVE_INFINITY) && at < (before ?? Number.POSITIVE_INFINITY);
  };
  const fitting = entriesOf(draft, url)
    .filter(inside)
    .sort((a, b) => (timeOf(b) || 0) - (timeOf(a) || 0));
  const feed = { ...metaOf(draft, url), entries: fitting.slice(0, limit), more: fitting.length > limit };
  return trimmed(feed, mostBytes);
}

/** When an entry is dated; NaN, which no comparison holds for, when it is not. */
export function timeOf({ published, updated }: Pick<Entry, "published" | "updated">): number {
  return Date.parse(published ?? updated ?? "");
}
