import { ADDRESS_LENGTH } from "../../../model/activity.ts";
import { optional } from "../../../model/optional.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import { topicOf } from "../client/document/web-address.ts";
import { lookUpFeed } from "../client/lookup.ts";
import type { Reader } from "../client/reader.ts";
import { classifyError, noFeed, noOpml, tooManyFeeds } from "../errors.ts";
import type { SubscribeSchema, UnsubscribeSchema } from "../schemas/subscribe.ts";

type SubscribeActivity = ActivityOf<typeof SubscribeSchema>;

/** Maximum number of one actor's feeds. */
const MAX_SUBSCRIPTIONS = 10_000;
/** Reads only a feed's title and format. */
const HEAD_ONLY = { limit: 1, maxBytes: 8_192 };
const PARALLEL_DOWNLOADS = 4;
/** Feeds of an OPML document that are subscribed to at the same time. */
const PARALLEL_IMPORTS = 50;

/** Subscribes the actor to feeds, and to those of an OPML document. Idempotent. */
export async function subscribe(
  activity: SubscribeActivity,
  context: VerbContext,
  reader: Reader,
  timeoutMs: number,
): Promise<Receipt> {
  let capacity = MAX_SUBSCRIPTIONS - (await context.subscriptions()).length;
  const imported = await importOpml(context, reader, capacity);
  capacity -= imported?.imported ?? 0;
  async function subscribeTo(address: string) {
    const { feed, stored, movedTo, foundOn } = await lookUpFeed(
      address,
      { read: HEAD_ONLY, timeoutMs },
      context,
      reader,
    );
    const topic = topicOf(stored);
    if (topic === undefined || topic.length > ADDRESS_LENGTH) throw noFeed();
    if (capacity-- <= 0) throw tooManyFeeds(MAX_SUBSCRIPTIONS);
    await context.subscribe(topic, true);
    const { format, title } = feed;
    const found = { target: address, format, ...optional("movedTo", movedTo), ...optional("foundOn", foundOn) };
    return { type: "feed", address: topic, ...optional("title", title), feeds: found };
  }
  const { outcomes, values } = await readEachTarget(activity, context, PARALLEL_DOWNLOADS, subscribeTo, classifyError);
  const result = { type: "collection", items: values, ...optional("feeds", imported) };
  return { outcomes, object: result };
}

/**
 * Unsubscribes the actor from feeds; looks up the feed of a page's address again. `feeds.followed` of the result
 * says whether the actor was subscribed.
 */
export async function unsubscribe(
  activity: ActivityOf<typeof UnsubscribeSchema>,
  context: VerbContext,
  reader: Reader,
  timeoutMs: number,
): Promise<Receipt> {
  const subscriptions = new Set(await context.subscriptions());
  async function unsubscribeFrom(address: string) {
    const topic = topicOf(address) ?? address;
    const feed = subscriptions.has(topic) ? topic : ((await feedBehind(address)) ?? topic);
    await context.subscribe(feed, false);
    return { type: "feed", address: feed, feeds: { target: address, followed: subscriptions.has(feed) } };
  }
  async function feedBehind(address: string): Promise<string | undefined> {
    try {
      const { stored } = await lookUpFeed(address, { read: HEAD_ONLY, timeoutMs }, context, reader);
      return topicOf(stored);
    } catch (thrown) {
      // A page that is gone names no feed; an unreachable one is asked again.
      const failure = classifyError(thrown);
      if (failure.kind !== "permanent") throw failure;
      return undefined;
    }
  }
  const { outcomes, values } = await readEachTarget(
    activity,
    context,
    PARALLEL_DOWNLOADS,
    unsubscribeFrom,
    classifyError,
  );
  return { outcomes, object: { type: "collection", items: values } };
}

interface ImportResult {
  readonly imported: number;
  readonly skipped: number;
}

/** Subscribes to an OPML document's feeds unread. Their first poll shows whether they work. */
async function importOpml(context: VerbContext, reader: Reader, capacity: number): Promise<ImportResult | undefined> {
  const [attachment] = await context.attachments();
  if (attachment === undefined) return undefined;
  const outlines = await reader.opml(attachment.content, context.signal);
  if (outlines.kind === "neither") throw noOpml();
  const { feeds, skipped } = outlines;
  if (feeds.length > capacity) throw tooManyFeeds(MAX_SUBSCRIPTIONS);
  for (let start = 0; start < feeds.length; start += PARALLEL_IMPORTS) {
    context.signal.throwIfAborted();
    const batch = feeds.slice(start, start + PARALLEL_IMPORTS);
    await Promise.all(batch.map(({ address }) => context.subscribe(address, true)));
  }
  return { imported: feeds.length, skipped };
}
