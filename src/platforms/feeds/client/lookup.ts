import type { VerbContext } from "../../../platform/platform.ts";
import { noFeed } from "../errors.ts";
import type { Feed, Task } from "./document/feed.ts";
import { type Download, download, httpAddress } from "./download.ts";
import type { Reader } from "./reader.ts";

/** A feed that was looked for, and how it was found. */
export interface Found {
  readonly feed: Feed;
  /** Where it was read in the end. */
  readonly url: string;
  /** Where it is to be asked for: what was asked, or where that moved for good. */
  readonly stored: string;
  readonly movedTo?: string;
  /** The page that named it. */
  readonly foundOn?: string;
}

export type Wanted = Omit<Task, "bytes" | "contentType" | "url">;

/** Reads the feed at an address, or the first that the page there names. Throws a `Failure` when there is none. */
export async function lookedUp(
  address: string,
  wanted: Wanted,
  context: Pick<VerbContext, "fetch" | "signal">,
  threads: Pick<Reader, "read">,
  ms: number,
): Promise<Found> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(ms)]);
  let foundOn: string | undefined;
  for (let url = httpAddress(address); ; ) {
    const { answer, movedTo } = await download(url, context, signal);
    const read = await threads.read(taskOf(answer, wanted), context.signal);
    if (read.kind === "feed") {
      const places = { ...(movedTo === undefined ? {} : { movedTo }), ...(foundOn === undefined ? {} : { foundOn }) };
      return { feed: read.feed, url: answer.url, stored: movedTo ?? url, ...places };
    }
    const [named] = read.kind === "page" && foundOn === undefined ? read.feeds : [];
    if (named === undefined) throw noFeed();
    foundOn = answer.url;
    url = named;
  }
}

function taskOf({ body, headers, url }: Download["answer"], wanted: Wanted): Task {
  return { bytes: new Uint8Array(body), contentType: headers["content-type"] ?? "", url, ...wanted };
}
