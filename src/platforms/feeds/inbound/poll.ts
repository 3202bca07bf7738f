import type { PollContext, PollResult } from "../../../platform/platform.ts";
import type { NewEntry } from "../client/document/jobs.ts";
import { linkHeaderHints } from "../client/document/publisher-hints.ts";
import { type Download, download } from "../client/download.ts";
import type { Reader } from "../client/reader.ts";
import { classifyError, noFeed } from "../errors.ts";
import { goneResult } from "./gone.ts";
import { nextState, type PollDownload, type ReadDocument } from "./next-state.ts";
import { maxAgeOf, nextPollMs, type PollInterval } from "./poll-interval.ts";
import { type FeedState, parseState } from "./state.ts";
import { advertisedHub, ensureSubscribed, type WebSubState } from "./websub.ts";

export interface PollOptions {
  readonly reader: Pick<Reader, "newEntries">;
  readonly interval: PollInterval;
  /** Milliseconds that one download may take. */
  readonly timeoutMs: number;
}

/** New entries of one poll; the others come with the next. */
const MAX_NEW_ENTRIES = 100;
const MAX_ENTRY_BYTES = 96 * 1024;
/** Time after which a document is requested unconditionally, since some servers answer 304 for ever. */
const UNCONDITIONAL_AFTER_MS = 7 * 86_400_000;

/**
 * Polls a feed once for all subscribers and returns new entries as events. A changed entry is an `update`. A 304 or unchanged bytes cost no
 * parsing. Throws what `classifyError` knows; 410 is no error but counted, see `goneResult`.
 */
export async function poll(topic: string, context: PollContext, options: PollOptions): Promise<PollResult> {
  const now = Date.now();
  const before = parseState(context.state);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(options.timeoutMs)]);
  let downloaded: PollDownload;
  try {
    downloaded = await downloadFeed(topic, before, context, signal, now);
  } catch (thrown) {
    const failure = classifyError(thrown);
    if (failure.platformCode !== "HTTP 410") throw failure;
    return goneResult(context.state, options.interval, now);
  }
  const { headers, url } = downloaded.answer;
  const document = await readChanged(downloaded, before, options.reader, context.signal);
  const advertised = document
    ? advertisedHub(linkHeaderHints(headers.link, url), document.found.hints, url)
    : undefined;
  const webSub = await ensureSubscribed(before?.hub, advertised, context, now);
  const state = nextState(before, downloaded, document, now);
  const missed = hasMissed(before, document, webSub, context);
  const facts = {
    now,
    maxAgeMs: maxAgeOf(headers["cache-control"]),
    hasRemaining: (document?.found.remaining ?? 0) > 0,
    isAnnounced: webSub.isLive && !missed,
    renewAt: webSub.renewAt,
    random: Math.random(),
  };
  return {
    entries: (document?.found.entries ?? []).map((entry) => toPollEntry(topic, state, entry, now)),
    state: JSON.stringify({ ...state, ...(missed ? { missed } : {}), hub: webSub.hub }),
    nextMs: nextPollMs(state, facts, options.interval),
  };
}

/** Returns whether the hub failed to announce the newest entries. */
function hasMissed(
  before: FeedState | undefined,
  document: ReadDocument | undefined,
  { isLive }: WebSubState,
  { triggered }: PollContext,
): boolean {
  const hasNew = (document?.found.entries.length ?? 0) > 0;
  return isLive && hasNew ? !triggered : before?.missed === true;
}

/** Downloads from the feed's new address; from the topic's own after a permanent failure. */
async function downloadFeed(
  topic: string,
  before: FeedState | undefined,
  context: PollContext,
  signal: AbortSignal,
  now: number,
): Promise<PollDownload> {
  const isUnconditional = before === undefined || now - before.read > UNCONDITIONAL_AFTER_MS;
  const headers = {
    ...(isUnconditional || before.etag === undefined ? {} : { "if-none-match": before.etag }),
    ...(isUnconditional || before.modified === undefined ? {} : { "if-modified-since": before.modified }),
  };
  const address = before?.url ?? topic;
  try {
    return await download(address, context, signal, headers);
  } catch (thrown) {
    if (address === topic || classifyError(thrown).kind !== "permanent") throw thrown;
    return { ...(await download(topic, context, signal)), isFallback: true };
  }
}

/** Reads a changed document; undefined when its bytes are unchanged. Throws when it is no longer a feed. */
async function readChanged(
  { answer }: Download,
  before: FeedState | undefined,
  reader: PollOptions["reader"],
  signal: AbortSignal,
): Promise<ReadDocument | undefined> {
  if (answer.status === 304) return undefined;
  // WebCrypto hashes outside the event loop: five megabytes take some milliseconds.
  const hash = Buffer.from(await crypto.subtle.digest("SHA-256", answer.body)).toString("base64url");
  if (hash === before?.hash) return undefined;
  const document = { bytes: answer.body, contentType: answer.headers["content-type"] ?? "", url: answer.url };
  const limits = {
    seen: before?.known,
    newest: before?.newest,
    maxEntries: MAX_NEW_ENTRIES,
    maxEntryBytes: MAX_ENTRY_BYTES,
  };
  const found = await reader.newEntries({ ...document, ...limits }, signal);
  if (found.kind !== "new-entries") throw noFeed();
  return { hash, found };
}

function toPollEntry(
  topic: string,
  { title, n }: FeedState,
  { entry, key, isUpdate }: NewEntry,
  now: number,
): PollResult["entries"][number] {
  return {
    key: `${n}:${key}`,
    event: {
      platform: "feeds",
      verb: isUpdate ? "update" : "post",
      actor: { address: topic, ...(title === undefined ? {} : { name: title }) },
      object: { ...entry },
      context: { type: "feed", id: topic },
      id: entry.id,
      published: entry.published ?? entry.updated ?? new Date(now).toISOString(),
    },
  };
}
