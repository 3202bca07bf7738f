import type { Activity } from "../../activity.ts";
import { definePlatform, defineVerb, type Lent, type Platform, type Unfit } from "../../platform.ts";
import { readEach } from "../../reading.ts";
import { download, httpAddress } from "./download.ts";
import { explain, noFeed } from "./explain.ts";
import type { Feed, Task } from "./feed.ts";
import { ENTRIES, FETCH_EXAMPLE, type FetchObject, FetchShape } from "./fetch-shape.ts";
import { type Reader, reader } from "./reader.ts";

export interface FeedsSettings {
  /** Milliseconds that one feed may take to come, with redirects and discovery; default 20 s. */
  readonly feedMs?: number;
}

/** One feed as the result tells of it. */
interface Fetched extends Feed {
  /** The target, as it was posted. */
  readonly address: string;
  /** Where it was read in the end. */
  readonly url: string;
  readonly movedTo?: string;
  /** The page that named it. */
  readonly foundOn?: string;
}

/** All feeds of one result together; with its head it stays under 256 KiB. */
const RESULT_BYTES = 224 * 1024;
/** Of which a feed's own addresses take so much. */
const PLACES_BYTES = 7 * 1024;

/** RSS, Atom, RDF and JSON feeds, fetched once when asked for. Needs no account. */
export function feeds({ feedMs = 20_000 }: FeedsSettings): Platform {
  const threads = reader();
  let users = 0;
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
        run: async (client, activity, lent) => {
          const one = (address: string) => fetched(address, activity, lent, client, feedMs);
          const { outcomes, values } = await readEach(activity, lent, 4, one, explain);
          return { outcomes, object: { feeds: values } };
        },
      }),
    },
    refuse,
    // The threads serve all apps of this process, and live as long as one of them has a client.
    open: async () => {
      users += 1;
      return threads;
    },
    close: async (client) => {
      users -= 1;
      if (users === 0) await client.close();
    },
    explain,
  });
}

async function fetched(address: string, activity: Activity, lent: Lent, threads: Reader, ms: number): Promise<Fetched> {
  const wanted = wantedOf(activity.object as FetchObject, lent.pending.length);
  const signal = AbortSignal.any([lent.signal, AbortSignal.timeout(ms)]);
  let foundOn: string | undefined;
  for (let url = httpAddress(address); ; ) {
    const { answer, movedTo } = await download(url, lent, signal);
    const read = await threads.read(taskOf(answer, wanted), lent.signal);
    if (read.kind === "feed") {
      const places = { ...(movedTo === undefined ? {} : { movedTo }), ...(foundOn === undefined ? {} : { foundOn }) };
      return { address, url: answer.url, ...places, ...read.feed };
    }
    const [named] = read.kind === "page" && foundOn === undefined ? read.feeds : [];
    if (named === undefined) throw noFeed();
    foundOn = answer.url;
    url = named;
  }
}

type Wanted = Omit<Task, "bytes" | "contentType" | "url">;

function wantedOf({ limit = ENTRIES.usual, after, before }: FetchObject, feeds: number): Wanted {
  return {
    limit,
    mostBytes: Math.floor(RESULT_BYTES / feeds) - PLACES_BYTES,
    ...(after === undefined ? {} : { after: Date.parse(after) }),
    ...(before === undefined ? {} : { before: Date.parse(before) }),
  };
}

function taskOf(
  {
    body,
    headers,
    url,
  }: { readonly body: Buffer; readonly headers: Readonly<Record<string, string>>; readonly url: string },
  wanted: Wanted,
): Task {
  return { bytes: new Uint8Array(body), contentType: headers["content-type"] ?? "", url, ...wanted };
}

/** Refuses addresses that the schema's pattern lets through but that are none. */
function refuse(_verb: string, { target }: Pick<Activity, "target">): Unfit | undefined {
  const bad = target.findIndex(({ address }) => !URL.canParse(httpAddress(address)));
  if (bad < 0) return undefined;
  return { code: "validation-failed", detail: "is no complete web address", pointer: `/target/${bad}/address` };
}
