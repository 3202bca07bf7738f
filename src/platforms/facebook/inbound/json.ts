import { createHash } from "node:crypto";

/** JSON object of any form. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Maximum length of a text; Facebook's own posts end there. */
const MAX_TEXT_LENGTH = 63_206;

/** Returns the value if it is an object, else an empty one. */
export function recordOf(value: unknown): JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonRecord) : {};
}

/** Returns the first objects of a list, or an empty list. */
export function recordsIn(value: unknown, maxItems: number): readonly JsonRecord[] {
  return Array.isArray(value) ? value.slice(0, maxItems).map(recordOf) : [];
}

/** Returns a text that is not empty, cut to the maximum length. */
export function textOf(value: unknown, maxLength = MAX_TEXT_LENGTH): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, maxLength) : undefined;
}

/** Returns an id: at most 256 printable ASCII characters without space. */
export function idOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[\u0021-\u007e]{1,256}$/.test(value) ? value : undefined;
}

/** Converts Unix ms within this century to RFC 3339; undefined for other values. */
export function timeOf(ms: unknown): string | undefined {
  const isTime = typeof ms === "number" && ms >= 946_684_800_000 && ms < 4_102_444_800_000;
  return isTime ? new Date(ms).toISOString() : undefined;
}

/** Converts Unix seconds or ms to RFC 3339. Facebook uses either, also for the same property. */
export function secondsOrMs(value: unknown): string | undefined {
  return timeOf(typeof value === "number" ? value * 1_000 : undefined) ?? timeOf(value);
}

/** Returns an http or https address. */
export function httpUrl(value: unknown, maxLength = 4_096): string | undefined {
  const url = textOf(value, maxLength);
  return url !== undefined && /^https?:\/\//i.test(url) ? url : undefined;
}

/** Removes undefined values. */
export function withoutUndefined<Value extends JsonRecord>(
  record: Value,
): { [Name in keyof Value]: Exclude<Value[Name], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as never;
}

/** Returns a digest of an item without a time, for its key. The same item has the same key. */
export function digestOf(item: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(item) ?? "")
    .digest("hex")
    .slice(0, 16);
}
