import { generateOpml, type Opml, parseOpml } from "feedsmith";
import { ADDRESS_LENGTH } from "../../../../model/activity.ts";
import { decoded } from "../decode.ts";
import { topicOf } from "../download.ts";
import type { Outline, Outlines } from "./feed.ts";
import { cut } from "./plain-text.ts";

/** Feeds of one OPML document; the rest is passed over. */
export const OUTLINES_MOST = 5_000;
const DEPTH_MOST = 32;

/** The feeds that an OPML document names, at whatever depth. Runs in the thread; throws for no document. */
export function outlines(bytes: Uint8Array): Outlines | { readonly kind: "neither" } {
  let document: Opml.Document<string>;
  try {
    document = parseOpml(decoded(bytes, ""));
  } catch {
    return { kind: "neither" };
  }
  const feeds = new Map<string, Outline>();
  let skipped = 0;
  for (const { xmlUrl, title, text } of flat(document.body?.outlines ?? [], DEPTH_MOST)) {
    if (xmlUrl === undefined) continue;
    const address = topicOf(xmlUrl.trim());
    if (address === undefined || address.length > ADDRESS_LENGTH || feeds.size >= OUTLINES_MOST) skipped += 1;
    else feeds.set(address, { address, ...((title ?? text) ? { title: cut(title ?? text ?? "", 256) } : {}) });
  }
  return { kind: "outlines", feeds: [...feeds.values()], skipped };
}

function* flat(outlines: ReadonlyArray<Opml.Outline<string>>, depth: number): Generator<Opml.Outline<string>> {
  for (const outline of outlines) {
    yield outline;
    if (depth > 0) yield* flat(outline.outlines ?? [], depth - 1);
  }
}

/** An OPML 2.0 document of feeds, as readers import it. */
export function opmlOf(feeds: readonly Outline[]): string {
  // The library makes none without outlines.
  if (feeds.length === 0) return '<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0"><head/><body/></opml>';
  const outlines = feeds.map(({ address, title = address }) => {
    const words = legal(title);
    return { type: "rss", text: words, title: words, xmlUrl: address };
  });
  return generateOpml({ head: { title: "Feeds" }, body: { outlines } });
}

/** Without what XML 1.0 has no place for. */
function legal(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "");
}
