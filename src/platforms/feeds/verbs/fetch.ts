import { optional } from "../../../model/optional.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Collection } from "../../../platform/vocabulary/vocabulary.ts";
import { cursorOf } from "../client/document/entry-cursor.ts";
import type { Entry, FeedMeta } from "../client/document/feed.ts";
import type { ReadOptions } from "../client/document/jobs.ts";
import { type FoundFeed, lookUpFeed } from "../client/lookup.ts";
import type { Reader } from "../client/reader.ts";
import { classifyError } from "../errors.ts";
import { DEFAULT_ENTRIES, type FetchSchema } from "../schemas/fetch.ts";

/** Bytes of all feeds of one result; with its head it stays under 256 KiB. */
const RESULT_BYTES = 224 * 1024;
/** Bytes of one feed's own addresses. */
const ADDRESSES_BYTES = 7 * 1024;
const PARALLEL_DOWNLOADS = 4;

/** Entries of one feed; `feeds` describes the feed itself. */
interface FeedPage extends Collection<Entry> {
  readonly feeds: FeedMeta & Omit<FoundFeed, "feed" | "stored">;
}

/** Reads each pending target once and returns the newest entries. Several targets give a collection of collections. */
export async function fetch(
  activity: ActivityOf<typeof FetchSchema>,
  context: VerbContext,
  reader: Reader,
  timeoutMs: number,
): Promise<Receipt> {
  const options = { read: readOptions(activity.object, context.pending.length), timeoutMs };
  const fetchFeed = async (address: string) => toPage(address, await lookUpFeed(address, options, context, reader));
  const { outcomes, values } = await readEachTarget(activity, context, PARALLEL_DOWNLOADS, fetchFeed, classifyError);
  const [page] = values;
  return {
    outcomes,
    object: page && activity.target.length === 1 ? { ...page } : { type: "collection", items: values },
  };
}

function toPage(address: string, { feed, stored: _, ...addresses }: FoundFeed): FeedPage {
  const { entries, more, ...meta } = feed;
  const last = entries.at(-1);
  const next = more && last ? cursorOf(last) : undefined;
  return { type: "collection", address, items: entries, ...optional("next", next), feeds: { ...addresses, ...meta } };
}

function readOptions(
  { limit = DEFAULT_ENTRIES, after, since, until }: ActivityOf<typeof FetchSchema>["object"],
  feedCount: number,
): ReadOptions {
  return {
    limit,
    maxBytes: Math.floor(RESULT_BYTES / feedCount) - ADDRESSES_BYTES,
    ...optional("after", after),
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...(until === undefined ? {} : { until: Date.parse(until) }),
  };
}
