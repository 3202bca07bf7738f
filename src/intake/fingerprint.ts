import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { slicesOf } from "./slices.ts";

/** Canonical JSON, or the inside of a string too long for one turn. */
type Piece = string | { readonly inside: string };

const LONG_STRING = 64 * 1024;

/**
 * Returns a digest of a request, independent of key order. The same rid with another digest is a mistake.
 * Long strings are digested in slices, so that other requests are served in between.
 */
export async function fingerprint(value: unknown): Promise<string> {
  const pieces: Piece[] = [];
  addPieces(pieces, value);
  const hash = createHash("sha256");
  let text = "";
  for (const piece of pieces) {
    if (typeof piece === "string") {
      text += piece;
      continue;
    }
    hash.update(text);
    text = "";
    for (const slice of slicesOf(piece.inside)) {
      hash.update(JSON.stringify(slice).slice(1, -1));
      await nextTurn();
    }
  }
  return hash.update(text).digest("base64url");
}

/** Adds JSON with sorted keys (the idea of RFC 8785, enough for comparing with ourselves). */
function addPieces(pieces: Piece[], value: unknown): void {
  if (typeof value === "string" && value.length > LONG_STRING) pieces.push('"', { inside: value }, '"');
  else if (Array.isArray(value)) addContainer(pieces, "[]", value.entries(), () => "");
  else if (typeof value !== "object" || value === null) pieces.push(JSON.stringify(value));
  else addContainer(pieces, "{}", sortedEntries(value), (key) => `${JSON.stringify(key)}:`);
}

function addContainer<Key>(
  pieces: Piece[],
  [open = "", close = ""]: string,
  entries: Iterable<readonly [Key, unknown]>,
  prefixOf: (key: Key) => string,
): void {
  let separator = open;
  for (const [key, item] of entries) {
    pieces.push(separator + prefixOf(key));
    addPieces(pieces, item);
    separator = ",";
  }
  pieces.push(separator === open ? open + close : close);
}

function sortedEntries(value: object): Array<readonly [string, unknown]> {
  const bag = value as Record<string, unknown>;
  return Object.keys(bag)
    .sort()
    .map((key) => [key, bag[key]] as const);
}
