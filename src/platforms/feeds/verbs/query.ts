import type { EventError } from "../../../model/failure.ts";
import { optional } from "../../../model/optional.ts";
import type { ActivityOf, Receipt, TopicStatus, VerbContext } from "../../../platform/platform.ts";
import { parseState } from "../inbound/state.ts";
import { DEFAULT_FEEDS, type QuerySchema } from "../schemas/query.ts";

/** Bytes of one answer; `next` leads to the other feeds. */
const MAX_ANSWER_BYTES = 140 * 1024;
const OPML_FILE = { name: "feeds.opml", mediaType: "text/x-opml" };

/** Lists the actor's feeds with their status, or exports them as OPML. */
export async function query(activity: ActivityOf<typeof QuerySchema>, context: VerbContext): Promise<Receipt> {
  const { type = "subscriptions", limit = DEFAULT_FEEDS, after = "" } = activity.object;
  const topics = (await context.subscriptions()).filter((topic) => topic > after);
  const firstTopics = topics.slice(0, limit);
  const items = firstFitting(
    await Promise.all(firstTopics.map(async (topic) => feedStatus(topic, await context.topicStatus(topic)))),
  );
  const page = {
    total: topics.length,
    ...optional("next", items.length < topics.length ? items.at(-1)?.address : undefined),
  };
  if (type === "subscriptions") return { outcomes: [], object: { type: "collection", items, ...page } };
  const { writeOpml } = await import("../client/document/opml.ts");
  const content = Buffer.from(writeOpml(items)).toString("base64");
  return { outcomes: [], object: { type, attachments: [{ ...OPML_FILE, content }], ...page } };
}

interface FeedStatus {
  readonly type: "feed";
  readonly address: string;
  readonly title?: string;
  readonly error?: EventError;
  readonly feeds: { readonly status: "waiting" | "ok" | "failing" };
}

function feedStatus(address: string, topicStatus: TopicStatus | undefined): FeedStatus {
  const state = parseState(topicStatus?.state);
  const { fails = 0, polledAt, nextAt, error } = topicStatus ?? {};
  const seconds = polledAt === undefined || nextAt === undefined ? undefined : Math.round((nextAt - polledAt) / 1_000);
  const feeds = {
    status: fails > 0 ? ("failing" as const) : state ? ("ok" as const) : ("waiting" as const),
    ...optional("polledAt", isoTime(polledAt)),
    ...optional("nextAt", isoTime(nextAt)),
    ...optional("intervalSeconds", seconds !== undefined && seconds >= 0 ? seconds : undefined),
    ...optional("changedAt", isoTime(state?.changed)),
    ...optional("movedTo", state?.url),
    ...optional("hub", state?.hub?.url),
    ...(fails > 0 ? { fails } : {}),
  };
  return {
    type: "feed",
    address,
    ...optional("title", state?.title),
    ...optional("error", fails > 0 ? error : undefined),
    feeds,
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
