import { type Activity, ADDRESS_LENGTH } from "../../../model/activity.ts";
import { Failure } from "../../../model/failure.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import { topicOf } from "../client/download.ts";
import { lookedUp } from "../client/lookup.ts";
import type { Reader } from "../client/reader.ts";
import { classifyError, noFeed } from "../errors.ts";

/** Feeds that one actor may follow. */
const FOLLOWED_MOST = 10_000;
/** Only what the feed calls itself is wanted. */
const HEAD = { limit: 1, mostBytes: 8_192 };
/** Feeds of an OPML document that are followed at once. */
const TOGETHER = 50;

/** Follows feeds, and those of an OPML document, in the actor's name. Changes nothing when done twice. */
export async function subscribe(
  activity: Activity,
  context: VerbContext,
  threads: Reader,
  ms: number,
): Promise<Receipt> {
  let room = FOLLOWED_MOST - (await context.subscriptions()).length;
  const imported = await importedOf(activity, context, threads, () => room);
  room -= imported?.imported ?? 0;
  async function one(address: string) {
    const { feed, stored, movedTo, foundOn } = await lookedUp(address, HEAD, context, threads, ms);
    const topic = topicOf(stored);
    if (topic === undefined || topic.length > ADDRESS_LENGTH) throw noFeed();
    if (room-- <= 0) throw tooMany();
    await context.subscribe(topic, true);
    const { format, title } = feed;
    return { address, feed: topic, format, title, movedTo, foundOn };
  }
  const { outcomes, values } = await readEachTarget(activity, context, 4, one, classifyError);
  return { outcomes, object: { feeds: values, ...imported } };
}

/** Ends following. Of a page's address the feed is looked for again; `followed` says whether it was followed. */
export async function unsubscribe(
  activity: Activity,
  context: VerbContext,
  threads: Reader,
  ms: number,
): Promise<Receipt> {
  const followed = new Set(await context.subscriptions());
  async function one(address: string) {
    const plain = topicOf(address) ?? address;
    const feed = followed.has(plain) ? plain : ((await behind(address)) ?? plain);
    await context.subscribe(feed, false);
    return { address, feed, followed: followed.has(feed) };
  }
  async function behind(address: string): Promise<string | undefined> {
    try {
      return topicOf((await lookedUp(address, HEAD, context, threads, ms)).stored);
    } catch (thrown) {
      // A page that is gone leads to nothing that could be followed; one that is away is asked again.
      const failure = classifyError(thrown);
      if (failure.kind !== "permanent") throw failure;
      return undefined;
    }
  }
  const { outcomes, values } = await readEachTarget(activity, context, 4, one, classifyError);
  return { outcomes, object: { feeds: values } };
}

interface Imported {
  readonly imported: number;
  readonly skipped: number;
}

/** The feeds of an OPML document are followed as they stand: their first poll shows whether they are any. */
async function importedOf(
  { object }: Activity,
  context: VerbContext,
  threads: Reader,
  room: () => number,
): Promise<Imported | undefined> {
  const [attached] = await context.attachments();
  const text = typeof object.opml === "string" ? Buffer.from(object.opml) : attached?.content;
  if (text === undefined) return undefined;
  const found = await threads.opml(text, context.signal);
  if (found.kind === "neither") throw noOpml();
  if (found.feeds.length > room()) throw tooMany();
  for (let at = 0; at < found.feeds.length; at += TOGETHER) {
    context.signal.throwIfAborted();
    await Promise.all(found.feeds.slice(at, at + TOGETHER).map(({ address }) => context.subscribe(address, true)));
  }
  return { imported: found.feeds.length, skipped: found.skipped };
}

function noOpml(): Failure {
  const detail = "The document is no OPML that can be read.";
  return new Failure({ kind: "permanent", code: "content-refused", detail });
}

function tooMany(): Failure {
  const detail = `An actor may follow ${FOLLOWED_MOST} feeds: unsubscribe from some, or use another actor.`;
  return new Failure({ kind: "permanent", code: "policy-refused", detail });
}
