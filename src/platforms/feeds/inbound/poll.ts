import { toEventError } from "../../../model/failure.ts";
import type { PollContext, PollResult } from "../../../platform/platform.ts";
import type { Fresh } from "../client/document/feed.ts";
import { type Download, download } from "../client/download.ts";
import type { Reader } from "../client/reader.ts";
import { classifyError, noFeed } from "../errors.ts";
import { maxAgeOf, nextMs, type Pace } from "./poll-interval.ts";
import { linkedBy } from "./publisher-hints.ts";
import { type ReadAnew, remembering } from "./state.ts";
import { type Memory, memoryOf } from "./state-schema.ts";
import { offeredBy, subscribed } from "./websub.ts";

export interface PollTools {
  readonly threads: Pick<Reader, "news">;
  readonly pace: Pace;
  /** Milliseconds that one feed may take. */
  readonly feedMs: number;
}

/** Entries that one poll brings; the others come with the next. */
const MOST_FRESH = 100;
const ENTRY_BYTES = 96 * 1024;
/** So often a document is read whatever the server says of it: some say 304 for ever. */
const WHOLE_MS = 7 * 86_400_000;

/**
 * Looks once at a feed for all who follow it. A server that says 304, or sends the same bytes again, costs no parsing; else
 * what is new or changed becomes events. Throws what `explain` knows.
 */
export async function poll(
  topic: string,
  polling: PollContext,
  { threads, pace, feedMs }: PollTools,
): Promise<PollResult> {
  const now = Date.now();
  const before = memoryOf(polling.state);
  const signal = AbortSignal.any([polling.signal, AbortSignal.timeout(feedMs)]);
  let got: Download;
  try {
    got = await asked(topic, before, polling, signal, now);
  } catch (thrown) {
    const failure = classifyError(thrown);
    if (failure.platformCode !== "HTTP 410") throw failure;
    return { entries: [], state: polling.state ?? "", nextMs: pace.most, ended: toEventError(failure) };
  }
  const { headers, url } = got.answer;
  const read = await readAnew(got, before, threads, polling.signal);
  const linked = linkedBy(headers.link, url);
  const offered = read ? offeredBy(linked, read.news.wishes, url) : undefined;
  const told = await subscribed(before?.hub, offered, polling, now);
  const memory = remembering(before, got, read, now);
  const missed = told.live && (read?.news.fresh.length ?? 0) > 0 ? !polling.triggered : before?.missed === true;
  const next = nextMs(
    memory,
    {
      now,
      maxAgeMs: maxAgeOf(headers["cache-control"]),
      more: (read?.news.left ?? 0) > 0,
      told: told.live && !missed,
      renewAt: told.renewAt,
      random: Math.random(),
    },
    pace,
  );
  return {
    entries: (read?.news.fresh ?? []).map((fresh) => eventOf(topic, memory, fresh, now)),
    state: JSON.stringify({ ...memory, ...(missed ? { missed } : {}), hub: told.hub }),
    nextMs: next,
  };
}

/** Asks where the feed moved to, and where it was when that fails for good. */
async function asked(
  topic: string,
  before: Memory | undefined,
  polling: PollContext,
  signal: AbortSignal,
  now: number,
) {
  const whole = before === undefined || now - before.read > WHOLE_MS;
  const headers = {
    ...(whole || before.etag === undefined ? {} : { "if-none-match": before.etag }),
    ...(whole || before.modified === undefined ? {} : { "if-modified-since": before.modified }),
  };
  const first = before?.url ?? topic;
  try {
    return await download(first, polling, signal, headers);
  } catch (thrown) {
    if (first === topic || classifyError(thrown).kind !== "permanent") throw thrown;
    return { ...(await download(topic, polling, signal)), back: true };
  }
}

/** What the document brings; undefined when it is the one that was read last. Throws when it is no feed any more. */
async function readAnew(
  { answer }: Download,
  before: Memory | undefined,
  threads: PollTools["threads"],
  signal: AbortSignal,
): Promise<ReadAnew | undefined> {
  if (answer.status === 304) return undefined;
  // In the thread pool, since five megabytes are some milliseconds.
  const hash = Buffer.from(await crypto.subtle.digest("SHA-256", answer.body)).toString("base64url");
  if (hash === before?.hash) return undefined;
  const task = { bytes: answer.body, contentType: answer.headers["content-type"] ?? "", url: answer.url };
  const bounds = { known: before?.known, most: MOST_FRESH, mostBytes: ENTRY_BYTES };
  const news = await threads.news({ ...task, ...bounds }, signal);
  if (news.kind !== "news") throw noFeed();
  return { hash, news };
}

function eventOf(
  topic: string,
  memory: Memory,
  { entry, key, changed }: Fresh,
  now: number,
): PollResult["entries"][number] {
  const { title, n } = memory;
  return {
    key: `${n}:${key}`,
    event: {
      platform: "feeds",
      verb: changed ? "update" : "post",
      actor: { address: topic, ...(title === undefined ? {} : { name: title }) },
      object: { ...entry },
      context: { type: "feed", id: topic },
      id: entry.id,
      published: entry.published ?? entry.updated ?? new Date(now).toISOString(),
    },
  };
}
