import { createHash } from "node:crypto";
import type { Entry } from "./feed.ts";

/** Content hash by entry key, the newest last. */
export type SeenEntries = ReadonlyMap<string, string>;

const KEY_BYTES = 6;
const CONTENT_BYTES = 4;
const ENTRY_LENGTH = (KEY_BYTES + CONTENT_BYTES) * 2;
/** Hex digits of an entry's key. */
export const KEY_LENGTH = KEY_BYTES * 2;
/** Entries of a feed that are remembered, whatever its size. */
const MIN_REMEMBERED = 100;
const MAX_REMEMBERED = 1_000;

/** Returns the key of an entry's id. 48 bits suffice for the few entries of a feed. */
export function entryKey({ id }: Pick<Entry, "id">): string {
  return hashHex(id, KEY_BYTES);
}

/** Hashes what readers see. Changes of dates and tags alone make no update. */
export function contentHash({ title, url, html, body, summary, attachments = [] }: Entry): string {
  return hashHex(
    JSON.stringify([title, url, html ?? body, summary, attachments.map((file) => file.url)]),
    CONTENT_BYTES,
  );
}

/** Packs ten bytes per entry as Base64. Twenty entries take 1 kB, the largest feed 13 kB. */
export function packSeen(seen: SeenEntries): string {
  return Buffer.from([...seen].map(([key, content]) => key + content).join(""), "hex").toString("base64");
}

/** Reverses `packSeen`; ignores an incomplete last entry. */
export function unpackSeen(text: string): Map<string, string> {
  const hex = Buffer.from(text, "base64").toString("hex");
  const seen = new Map<string, string>();
  for (let start = 0; start + ENTRY_LENGTH <= hex.length; start += ENTRY_LENGTH) {
    seen.set(hex.slice(start, start + KEY_LENGTH), hex.slice(start + KEY_LENGTH, start + ENTRY_LENGTH));
  }
  return seen;
}

/**
 * Merges a document's entries into those of earlier documents. Keeps as many former entries as the document has, since
 * entries come back; a document that is empty for once forgets nothing.
 */
export function rememberSeen(before: SeenEntries, now: SeenEntries): SeenEntries {
  const max = Math.min(MAX_REMEMBERED, Math.max(MIN_REMEMBERED, 2 * now.size, before.size));
  const former = [...before].filter(([key]) => !now.has(key));
  return new Map([...former, ...now].slice(-max));
}

function hashHex(text: string, bytes: number): string {
  return createHash("sha256")
    .update(text)
    .digest("hex")
    .slice(0, bytes * 2);
}
