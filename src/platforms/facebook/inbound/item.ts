import type { ActivityEvent } from "../../../model/event.ts";

/** Something that was said at Facebook, in the shape of an `activity` event, whether it was pushed or fetched. */
export type Item = Pick<ActivityEvent, "verb" | "actor" | "object" | "context" | "id" | "published" | "self">;

/** A JSON value that may be anything at all. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** How long a text may be that is taken over; Facebook's own posts end there. */
const TEXT_MOST = 63_206;

/** The value as an object, else an empty one. */
export function recordOf(value: unknown): JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonRecord) : {};
}

/** The value as a list of objects, up to `most`. */
export function recordsIn(value: unknown, most: number): readonly JsonRecord[] {
  return Array.isArray(value) ? value.slice(0, most).map(recordOf) : [];
}

/** A text that is one, cut to `most`. */
export function textOf(value: unknown, most = TEXT_MOST): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, most) : undefined;
}

/** An id: short, and without anything that could not be written into a line. */
export function idOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[\u0021-\u007e]{1,256}$/.test(value) ? value : undefined;
}

/** Unix ms within this century, as RFC 3339; undefined for what is no time. */
export function timeOf(ms: unknown): string | undefined {
  const isTime = typeof ms === "number" && ms >= 946_684_800_000 && ms < 4_102_444_800_000;
  return isTime ? new Date(ms).toISOString() : undefined;
}

/** Leaves out what is not there. */
export function withoutUndefined<Value extends JsonRecord>(
  value: Value,
): { [Name in keyof Value]: Exclude<Value[Name], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never;
}

/** What came with a message: kind, and where it lies for a while. */
export function attachmentsOf(value: unknown): ReadonlyArray<JsonRecord> | undefined {
  const list = recordsIn(value, 20).flatMap((one) => {
    const { url } = recordOf(one.payload);
    const place = textOf(url ?? one.url, 4_096);
    const safe = place !== undefined && /^https?:\/\//i.test(place) ? place : undefined;
    const kind = textOf(one.type ?? one.media_type, 32);
    return kind === undefined && safe === undefined
      ? []
      : [withoutUndefined({ kind, url: safe, name: textOf(one.title ?? one.name, 255) })];
  });
  return list.length === 0 ? undefined : list;
}
