import type { Activity } from "../../model/activity.ts";
import { readEachTarget } from "../../platform/kit/read-each-target.ts";
import {
  definePlatform,
  defineVerb,
  type Platform,
  type ValidationIssue,
  type VerbContext,
} from "../../platform/platform.ts";
import type { Feed } from "./client/document/feed.ts";
import { httpAddress } from "./client/download.ts";
import { type Found, lookedUp, type Wanted } from "./client/lookup.ts";
import { type Reader, reader } from "./client/reader.ts";
import { sharedReader } from "./client/shared-reader.ts";
import { classifyError } from "./errors.ts";
import { poll } from "./inbound/poll.ts";
import { PACE, type Pace } from "./inbound/poll-interval.ts";
import { left } from "./inbound/websub.ts";
import { push } from "./inbound/websub-callback.ts";
import { ENTRIES, FETCH_EXAMPLE, type FetchObject, FetchShape } from "./schemas/fetch.ts";
import {
  QUERY_EXAMPLE,
  QueryShape,
  SUBSCRIBE_EXAMPLE,
  SubscribeShape,
  UNSUBSCRIBE_EXAMPLE,
  UnsubscribeShape,
} from "./schemas/subscribe.ts";
import { query } from "./verbs/query.ts";
import { subscribe, unsubscribe } from "./verbs/subscribe.ts";

export interface FeedsSettings {
  /** Milliseconds that one feed may take to come, with redirects and discovery; default 20 s. */
  readonly feedMs?: number;
  /** How often feeds that are followed are polled. */
  readonly feedPace?: Pace;
}

/** One feed as the result tells of it. */
interface Fetched extends Feed, Omit<Found, "feed" | "stored"> {
  /** The target, as it was posted. */
  readonly address: string;
}

/** All feeds of one result together; with its head it stays under 256 KiB. */
const RESULT_BYTES = 224 * 1024;
/** Of which a feed's own addresses take so much. */
const PLACES_BYTES = 7 * 1024;

/** RSS, Atom, RDF and JSON feeds: fetched once when asked for, or followed by polling and WebSub. Needs no account. */
export function feeds({ feedMs = 20_000, feedPace = PACE }: FeedsSettings): Platform {
  // The threads serve all apps of this process.
  const threads = sharedReader(reader());
  return definePlatform({
    id: "feeds",
    title: "Feeds (RSS, Atom, JSON Feed)",
    aliases: ["rss"],
    needsAccount: false,
    lifetimeSeconds: 86_400,
    timeoutSeconds: 180,
    verbs: {
      fetch: defineVerb<typeof FetchShape, Reader>({
        summary: "Reads feeds once and answers with their newest entries in one shape",
        schema: FetchShape,
        example: FETCH_EXAMPLE,
        run: async (client, activity, context) => {
          const one = (address: string) => fetched(address, activity, context, client, feedMs);
          const { outcomes, values } = await readEachTarget(activity, context, 4, one, classifyError);
          return { outcomes, object: { feeds: values } };
        },
      }),
      subscribe: defineVerb<typeof SubscribeShape, Reader>({
        summary: "Follows feeds, or those that pages or an OPML document name: what is new in them comes as events",
        schema: SubscribeShape,
        example: SUBSCRIBE_EXAMPLE,
        run: (client, activity, context) => subscribe(activity, context, client, feedMs),
      }),
      unsubscribe: defineVerb<typeof UnsubscribeShape, Reader>({
        summary: "Follows feeds no longer",
        schema: UnsubscribeShape,
        example: UNSUBSCRIBE_EXAMPLE,
        run: (client, activity, context) => unsubscribe(activity, context, client, feedMs),
      }),
      query: defineVerb({
        summary: "Tells which feeds the actor follows and how each stands, or gives them as OPML",
        schema: QueryShape,
        example: QUERY_EXAMPLE,
        run: (_client, activity, context) => query(activity, context),
      }),
    },
    validate: refuse,
    createClient: async () => threads.join(),
    dispose: () => threads.leave(),
    poll: async (topic, polling) => {
      const client = threads.join();
      try {
        return await poll(topic, polling, { threads: client, pace: feedPace, feedMs });
      } finally {
        threads.leaveLater();
      }
    },
    teardown: left,
    webhook: push,
    classifyError,
  });
}

async function fetched(
  address: string,
  activity: Activity,
  context: VerbContext,
  threads: Reader,
  ms: number,
): Promise<Fetched> {
  const wanted = wantedOf(activity.object as FetchObject, context.pending.length);
  const { feed, stored: _, ...places } = await lookedUp(address, wanted, context, threads, ms);
  return { address, ...places, ...feed };
}

function wantedOf({ limit = ENTRIES.usual, after, before }: FetchObject, feeds: number): Wanted {
  return {
    limit,
    mostBytes: Math.floor(RESULT_BYTES / feeds) - PLACES_BYTES,
    ...(after === undefined ? {} : { after: Date.parse(after) }),
    ...(before === undefined ? {} : { before: Date.parse(before) }),
  };
}

/** Refuses addresses that the schema's pattern lets through but that are none, and a subscription to nothing. */
function refuse(verb: string, { target, object }: Pick<Activity, "target" | "object">): ValidationIssue | undefined {
  const bad = target.findIndex(({ address }) => !URL.canParse(httpAddress(address)));
  if (bad >= 0) {
    return { code: "validation-failed", detail: "is no complete web address", pointer: `/target/${bad}/address` };
  }
  const named = target.length > 0 || object.opml !== undefined || object.attachments !== undefined;
  if (verb !== "subscribe" || named) return undefined;
  return { code: "validation-failed", detail: "must name a feed, unless object.opml does", pointer: "/target" };
}
