import { definePlatform, defineVerb, type Platform } from "../../platform/platform.ts";
import { createReaders, type Reader } from "./client/reader.ts";
import { sharedReaders } from "./client/shared-reader.ts";
import { classifyError } from "./errors.ts";
import { poll } from "./inbound/poll.ts";
import { POLL_INTERVAL, type PollInterval } from "./inbound/poll-interval.ts";
import { teardown } from "./inbound/websub.ts";
import { webSubCallback } from "./inbound/websub-callback.ts";
import { ENTRY_TERMS } from "./schemas/entry.ts";
import { FETCH_EXAMPLE, FETCH_RENAMED, FetchSchema } from "./schemas/fetch.ts";
import { QUERY_EXAMPLE, QUERY_RENAMED, QuerySchema } from "./schemas/query.ts";
import {
  SUBSCRIBE_EXAMPLE,
  SUBSCRIBE_RENAMED,
  SubscribeSchema,
  UNSUBSCRIBE_EXAMPLE,
  UnsubscribeSchema,
} from "./schemas/subscribe.ts";
import { validate } from "./validate.ts";
import { fetch } from "./verbs/fetch.ts";
import { query } from "./verbs/query.ts";
import { subscribe, unsubscribe } from "./verbs/subscribe.ts";

export interface FeedsSettings {
  /** Milliseconds that one feed may take to come, with redirects and discovery; default 20 s. */
  readonly feedMs?: number;
  /** Bounds of the time between two polls of a feed. */
  readonly feedInterval?: PollInterval;
}

/** RSS, Atom, RDF and JSON feeds, read on demand or followed by polling and WebSub. Needs no account. */
export function feeds({ feedMs: timeoutMs = 20_000, feedInterval: interval = POLL_INTERVAL }: FeedsSettings): Platform {
  // The threads serve all apps of this process.
  const readers = sharedReaders(createReaders());
  return definePlatform({
    id: "feeds",
    title: "Feeds (RSS, Atom, JSON Feed)",
    aliases: ["rss"],
    needsAccount: false,
    lifetimeSeconds: 86_400,
    timeoutSeconds: 180,
    verbs: {
      fetch: defineVerb<typeof FetchSchema, Reader>({
        summary: "Reads feeds once and answers with their newest entries in one shape",
        schema: FetchSchema,
        example: FETCH_EXAMPLE,
        renamed: FETCH_RENAMED,
        run: (reader, activity, context) => fetch(activity, context, reader, timeoutMs),
      }),
      subscribe: defineVerb<typeof SubscribeSchema, Reader>({
        summary: "Follows feeds, or those that pages or an OPML document name: new entries come as events",
        schema: SubscribeSchema,
        example: SUBSCRIBE_EXAMPLE,
        renamed: SUBSCRIBE_RENAMED,
        run: (reader, activity, context) => subscribe(activity, context, reader, timeoutMs),
      }),
      unsubscribe: defineVerb<typeof UnsubscribeSchema, Reader>({
        summary: "Follows feeds no longer",
        schema: UnsubscribeSchema,
        example: UNSUBSCRIBE_EXAMPLE,
        run: (reader, activity, context) => unsubscribe(activity, context, reader, timeoutMs),
      }),
      query: defineVerb<typeof QuerySchema, Reader>({
        summary: "Lists the feeds that the actor follows with their status, or exports them as OPML",
        schema: QuerySchema,
        example: QUERY_EXAMPLE,
        renamed: QUERY_RENAMED,
        run: (_reader, activity, context) => query(activity, context),
      }),
    },
    inbound: { post: ENTRY_TERMS, update: ENTRY_TERMS, unsubscribe: ["error"] },
    validate,
    createClient: async ({ app }) => readers.acquire(app),
    dispose: () => readers.release(),
    poll: async (topic, context) => {
      const reader = readers.acquire(context.app);
      try {
        return await poll(topic, context, { reader, interval, timeoutMs });
      } finally {
        readers.releaseLater();
      }
    },
    teardown,
    webhook: webSubCallback,
    classifyError,
  });
}
