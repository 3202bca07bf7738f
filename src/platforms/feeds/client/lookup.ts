import type { VerbContext } from "../../../platform/platform.ts";
import { noFeed } from "../errors.ts";
import type { Feed } from "./document/feed.ts";
import type { ReadOptions, ReadTask } from "./document/jobs.ts";
import { httpAddress } from "./document/web-address.ts";
import { type Download, download } from "./download.ts";
import type { Reader } from "./reader.ts";

/** A feed, and the addresses that led there. */
export interface FoundFeed {
  readonly feed: Feed;
  /** Address that the document came from, after all redirects. */
  readonly url: string;
  /** Address for later requests: the requested one, or the target of a permanent move. */
  readonly stored: string;
  readonly movedTo?: string;
  /** The page that named the feed. */
  readonly foundOn?: string;
}

/** Limits of one look-up. */
export interface LookupOptions {
  readonly read: ReadOptions;
  /** Milliseconds for redirects, discovery and download. */
  readonly timeoutMs: number;
}

/** Reads the feed at an address, or the first feed that the page there names. Throws a `Failure` without a feed. */
export async function lookUpFeed(
  address: string,
  { read: options, timeoutMs }: LookupOptions,
  context: Pick<VerbContext, "fetch" | "signal">,
  reader: Pick<Reader, "read">,
): Promise<FoundFeed> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
  let foundOn: string | undefined;
  for (let url = httpAddress(address); ; ) {
    const { answer, movedTo } = await download(url, context, signal);
    const result = await reader.read(readTask(answer, options), context.signal);
    if (result.kind === "feed") {
      const path = { ...(movedTo === undefined ? {} : { movedTo }), ...(foundOn === undefined ? {} : { foundOn }) };
      return { feed: result.feed, url: answer.url, stored: movedTo ?? url, ...path };
    }
    const [firstFeed] = result.kind === "page" && foundOn === undefined ? result.feeds : [];
    if (firstFeed === undefined) throw noFeed();
    foundOn = answer.url;
    url = firstFeed;
  }
}

function readTask({ body, headers, url }: Download["answer"], options: ReadOptions): ReadTask {
  return { bytes: new Uint8Array(body), contentType: headers["content-type"] ?? "", url, ...options };
}
