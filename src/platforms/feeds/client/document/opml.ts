import { generateOpml, type Opml, parseOpml } from "feedsmith";
import { ADDRESS_LENGTH } from "../../../../model/activity.ts";
import { decodeText } from "./decode.ts";
import type { NoOutlines, Outline, Outlines } from "./jobs.ts";
import { cut } from "./plain-text.ts";
import { topicOf } from "./web-address.ts";

/** Maximum number of feeds of one OPML document; the others are skipped. */
export const MAX_OUTLINES = 5_000;
const MAX_DEPTH = 32;

/** Reads the feeds of an OPML document at any depth. Runs in the thread; never throws for a document. */
export function readOpml(bytes: Uint8Array): Outlines | NoOutlines {
  let document: Opml.Document<string>;
  try {
    document = parseOpml(decodeText(bytes, ""));
  } catch {
    return { kind: "neither" };
  }
  const feeds = new Map<string, Outline>();
  let skipped = 0;
  for (const { xmlUrl, title, text } of flatten(document.body?.outlines ?? [], MAX_DEPTH)) {
    if (xmlUrl === undefined) continue;
    const address = topicOf(xmlUrl.trim());
    if (address === undefined || address.length > ADDRESS_LENGTH || feeds.size >= MAX_OUTLINES) skipped += 1;
    else feeds.set(address, { address, ...((title ?? text) ? { title: cut(title ?? text ?? "", 256) } : {}) });
  }
  return { kind: "outlines", feeds: [...feeds.values()], skipped };
}

function* flatten(outlines: ReadonlyArray<Opml.Outline<string>>, depth: number): Generator<Opml.Outline<string>> {
  for (const outline of outlines) {
    yield outline;
    if (depth > 0) yield* flatten(outline.outlines ?? [], depth - 1);
  }
}

/** Writes an OPML 2.0 document of feeds, as feed readers import it. */
export function writeOpml(feeds: readonly Outline[]): string {
  // The library refuses a document without outlines.
  if (feeds.length === 0) return '<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0"><head/><body/></opml>';
  const outlines = feeds.map(({ address, title = address }) => {
    const text = legalXml(title);
    return { type: "rss", text, title: text, xmlUrl: address };
  });
  return generateOpml({ head: { title: "Feeds" }, body: { outlines } });
}

/** Removes characters that XML 1.0 does not allow. */
function legalXml(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "");
}
