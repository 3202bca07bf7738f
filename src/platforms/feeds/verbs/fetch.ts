import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { ReadOptions } from "../client/document/jobs.ts";
import { lookUpFeed } from "../client/lookup.ts";
import type { Reader } from "../client/reader.ts";
import { classifyError } from "../errors.ts";
import { DEFAULT_ENTRIES, type FetchSchema } from "../schemas/fetch.ts";

/** Bytes of all feeds of one result; with its head it stays under 256 KiB. */
const RESULT_BYTES = 224 * 1024;
/** Bytes of one feed's own addresses. */
const ADDRESSES_BYTES = 7 * 1024;
const PARALLEL_DOWNLOADS = 4;

/** Reads each pending target once and returns the newest entries. */
export async function fetch(
  activity: ActivityOf<typeof FetchSchema>,
  context: VerbContext,
  reader: Reader,
  timeoutMs: number,
): Promise<Receipt> {
  const options = { read: readOptions(activity.object, context.pending.length), timeoutMs };
  async function fetchFeed(address: string) {
    const { feed, stored: _, ...addresses } = await lookUpFeed(address, options, context, reader);
    return { address, ...addresses, ...feed };
  }
  const { outcomes, values } = await readEachTarget(activity, context, PARALLEL_DOWNLOADS, fetchFeed, classifyError);
  return { outcomes, object: { feeds: values } };
}

function readOptions(
  { limit = DEFAULT_ENTRIES, after, before }: ActivityOf<typeof FetchSchema>["object"],
  feedCount: number,
): ReadOptions {
  return {
    limit,
    maxBytes: Math.floor(RESULT_BYTES / feedCount) - ADDRESSES_BYTES,
    ...(after === undefined ? {} : { after: Date.parse(after) }),
    ...(before === undefined ? {} : { before: Date.parse(before) }),
  };
}
