import { type Activity, ADDRESS_LENGTH } from "../../../model/activity.ts";
import { Failure } from "../../../model/failure.ts";
import { readEach } from "../../../platform/kit/read-each-target.ts";
import type { Lent, Receipt } from "../../../platform/platform.ts";
import { topicOf } from "../client/download.ts";
import { lookedUp } from "../client/lookup.ts";
import type { Reader } from "../client/reader.ts";
import { explain, noFeed } from "../errors.ts";

/** Feeds that one actor may follow. */
const FOLLOWED_MOST = 10_000;
/** Only what the feed calls itself is wanted. */
const HEAD = { limit: 1, mostBytes: 8_192 };
/** Feeds of an OPML document that are followed at once. */
const TOGETHER = 50;

/** Follows feeds, and those of an OPML document, in the actor's name. Changes nothing when done twice. */
export async function subscribe(activity: Activity, lent: Lent, threads: Reader, ms: number): Promise<Receipt> {
  let room = FOLLOWED_MOST - (await lent.topics()).length;
  const imported = await importedOf(activity, lent, threads, () => room);
  room -= imported?.imported ?? 0;
  async function one(address: string) {
    const { feed, stored, movedTo, foundOn } = await lookedUp(address, HEAD, lent, threads, ms);
    const topic = topicOf(stored);
    if (topic === undefined || topic.length > ADDRESS_LENGTH) throw noFeed();
    if (room-- <= 0) throw tooMany();
    await lent.follow(topic, true);
    const { format, title } = feed;
    return { address, feed: topic, format, title, movedTo, foundOn };
  }
  const { outcomes, values } = await readEach(activity, lent, 4, one, explain);
  return { outcomes, object: { feeds: values, ...imported } };
}

/** Ends following. Of a page's address the feed is looked for again; `followed` says whether it was followed. */
export async function unsubscribe(activity: Activity, lent: Lent, threads: Reader, ms: number): Promise<Receipt> {
  const followed = new Set(await lent.topics());
  async function one(address: string) {
    const plain = topicOf(address) ?? address;
    const feed = followed.has(plain) ? plain : ((await behind(address)) ?? plain);
    await lent.follow(feed, false);
    return { address, feed, followed: followed.has(feed) };
  }
  async function behind(address: string): Promise<string | undefined> {
    try {
      return topicOf((await lookedUp(address, HEAD, lent, threads, ms)).stored);
    } catch (thrown) {
      // A page that is gone leads to nothing that could be followed; one that is away is asked again.
      const failure = explain(thrown);
      if (failure.kind !== "permanent") throw failure;
      return undefined;
    }
  }
  const { outcomes, values } = await readEach(activity, lent, 4, one, explain);
  return { outcomes, object: { feeds: values } };
}

interface Imported {
  readonly imported: number;
  readonly skipped: number;
}

/** The feeds of an OPML document are followed as they stand: their first poll shows whether they are any. */
async function importedOf(
  { object }: Activity,
  lent: Lent,
  threads: Reader,
  room: () => number,
): Promise<Imported | undefined> {
  const [attached] = await lent.attachments();
  const text = typeof object.opml === "string" ? Buffer.from(object.opml) : attached?.content;
  if (text === undefined) return undefined;
  const found = await threads.opml(text, lent.signal);
  if (found.kind === "neither") throw noOpml();
  if (found.feeds.length > room()) throw tooMany();
  for (let at = 0; at < found.feeds.length; at += TOGETHER) {
    lent.signal.throwIfAborted();
    await Promise.all(found.feeds.slice(at, at + TOGETHER).map(({ address }) => lent.follow(address, true)));
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
