import { optional } from "../../../model/optional.ts";
import type { ActivityOf, Receipt, TopicStatus, VerbContext } from "../../../platform/platform.ts";
import { writeOpml } from "../client/document/opml.ts";
import { parseState } from "../inbound/state.ts";
import { DEFAULT_FEEDS, type QuerySchema } from "../schemas/query.ts";

/** Bytes of one answer; `next` leads to the other feeds. */
const MAX_ANSWER_BYTES = 200 * 1024;

/** Lists the actor's feeds with their status, or exports them as OPML. */
export async function query(activity: ActivityOf<typeof QuerySchema>, context: VerbContext): Promise<Receipt> {
  const { format = "list", limit = DEFAULT_FEEDS, after = "" } = activity.object;
  const topics = (await context.subscriptions()).filter((topic) => topic > after);
  const page = topics.slice(0, limit);
  const feeds = firstFitting(
    await Promise.all(page.map(async (topic) => feedStatus(topic, await context.topicStatus(topic)))),
  );
  const next = feeds.length < topics.length ? { next: feeds.at(-1)?.address } : {};
  if (format === "list") return { outcomes: [], object: { feeds, total: topics.length, ...next } };
  return { outcomes: [], object: { opml: writeOpml(feeds), total: topics.length, ...next } };
}

interface FeedStatus {
  readonly address: string;
  readonly title?: string;
  readonly status: "waiting" | "ok" | "failing";
}

function feedStatus(address: string, topicStatus: TopicStatus | undefined): FeedStatus {
  const state = parseState(topicStatus?.state);
  const { fails = 0, polledAt, nextAt, error } = topicStatus ?? {};
  const seconds = polledAt === undefined || nextAt === undefined ? undefined : Math.round((nextAt - polledAt) / 1_000);
  return {
    address,
    ...optional("title", state?.title),
    status: fails > 0 ? "failing" : state ? "ok" : "waiting",
    ...optional("polledAt", isoTime(polledAt)),
    ...optional("nextAt", isoTime(nextAt)),
    ...optional("intervalSeconds", seconds !== undefined && seconds >= 0 ? seconds : undefined),
    ...optional("changedAt", isoTime(state?.changed)),
    ...optional("movedTo", state?.url),
    ...optional("hub", state?.hub?.url),
    ...(fails > 0 ? { fails, ...optional("error", error) } : {}),
  };
}

/** Returns the first feeds that fit into an answer, at least one. */
function firstFitting(feeds: readonly FeedStatus[]): readonly FeedStatus[] {
  let remaining = MAX_ANSWER_BYTES;
  const overflow = feeds.findIndex((feed) => {
    remaining -= Buffer.byteLength(JSON.stringify(feed)) + 100;
    return remaining < 0;
  });
  return overflow < 0 ? feeds : feeds.slice(0, Math.max(1, overflow));
}

function isoTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
