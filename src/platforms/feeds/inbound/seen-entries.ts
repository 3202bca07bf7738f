import { createHash } from "node:crypto";
import type { Entry } from "../client/document/feed.ts";

/** By key of an entry: key of what it said. The newest stand last. */
export type KnownEntries = ReadonlyMap<string, string>;

const KEY_BYTES = 6;
const CONTENT_BYTES = 4;
const BYTES = KEY_BYTES + CONTENT_BYTES;
/** Of a feed so many are remembered, whatever it holds; and never more than that. */
const LEAST = 100;
const MOST = 1_000;

/** Which entry it is: 48 bits are plenty for the few of one feed. */
export function keyOf({ id }: Pick<Entry, "id">): string {
  return hashed(id, KEY_BYTES);
}

/** What an entry says to its reader; its dates and tags may change without that being news. */
export function contentOf({ title, url, html, text, summary, media }: Entry): string {
  return hashed(JSON.stringify([title, url, html ?? text, summary, media.map((one) => one.url)]), CONTENT_BYTES);
}

/** Ten bytes for each, as Base64: a feed of twenty entries needs about 1 kB, the largest 13 kB. */
export function packed(known: KnownEntries): string {
  return Buffer.from([...known].map(([key, content]) => key + content).join(""), "hex").toString("base64");
}

export function unpacked(text: string): Map<string, string> {
  const hex = Buffer.from(text, "base64").toString("hex");
  const known = new Map<string, string>();
  for (let at = 0; at + BYTES * 2 <= hex.length; at += BYTES * 2) {
    known.set(hex.slice(at, at + KEY_BYTES * 2), hex.slice(at + KEY_BYTES * 2, at + BYTES * 2));
  }
  return known;
}

/**
 * What to remember after a document: what it holds, and as much again of what it held before, since entries come back.
 * A document that is empty for once forgets nothing.
 */
export function remembered(before: KnownEntries, now: KnownEntries): KnownEntries {
  const most = Math.min(MOST, Math.max(LEAST, 2 * now.size, before.size));
  const left = [...before].filter(([key]) => !now.has(key));
  return new Map([...left, ...now].slice(-most));
}

function hashed(text: string, bytes: number): string {
  return createHash("sha256")
    .update(text)
    .digest("hex")
    .slice(0, bytes * 2);
}
