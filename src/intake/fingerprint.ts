import { createHash, hash as digest } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { slicesOf } from "./slices.ts";

/** String that is too long for one turn, and the canonical JSON before. */
interface LongPiece {
  readonly before: string;
  readonly inside: string;
}

/** Canonical JSON in the making. */
interface Canonical {
  readonly long: LongPiece[];
  /** What follows the last long string. */
  text: string;
}

const LONG_STRING = 64 * 1024;

/**
 * Returns a digest of a request, independent of key order. The same rid with another digest is a mistake.
 * Long strings are digested in slices, so that other requests are served in between.
 */
export async function fingerprint(value: unknown): Promise<string> {
  const canonical: Canonical = { long: [], text: "" };
  addValue(canonical, value);
  if (canonical.long.length === 0) return digest("sha256", canonical.text, "base64url");
  const hash = createHash("sha256");
  for (const { before, inside } of canonical.long) {
    hash.update(before);
    for (const slice of slicesOf(inside)) {
      hash.update(JSON.stringify(slice).slice(1, -1));
      await nextTurn();
    }
  }
  return hash.update(canonical.text).digest("base64url");
}

/** Adds JSON with sorted keys (the idea of RFC 8785, enough for comparing with ourselves). */
function addValue(to: Canonical, value: unknown): void {
  if (typeof value === "string" && value.length > LONG_STRING) {
    to.long.push({ before: `${to.text}"`, inside: value });
    to.text = '"';
  } else if (Array.isArray(value)) addItems(to, value);
  else if (typeof value === "object" && value !== null) addMembers(to, value as Readonly<Record<string, unknown>>);
  else to.text += JSON.stringify(value);
}

function addItems(to: Canonical, items: readonly unknown[]): void {
  to.text += "[";
  for (let index = 0; index < items.length; index++) {
    if (index > 0) to.text += ",";
    addValue(to, items[index]);
  }
  to.text += "]";
}

function addMembers(to: Canonical, bag: Readonly<Record<string, unknown>>): void {
  let separator = "{";
  for (const key of Object.keys(bag).sort()) {
    to.text += `${separator}${JSON.stringify(key)}:`;
    addValue(to, bag[key]);
    separator = ",";
  }
  to.text += separator === "{" ? "{}" : "}";
}
