import type { ActivityEvent } from "../../../model/event.ts";

/** Something that was said at Facebook, in the shape of an `activity` event, whether it was pushed or fetched. */
export type Item = Pick<ActivityEvent, "verb" | "actor" | "object" | "context" | "id" | "published" | "self">;

/** A JSON value that may be anything at all. */
export type Bag = Readonly<Record<string, unknown>>;

/** How long a text may be that is taken over; Facebook's own posts end there. */
const TEXT_MOST = 63_206;

/** The value as an object, else an empty one. */
export function bag(value: unknown): Bag {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Bag) : {};
}

/** The value as a list of objects, up to `most`. */
export function bags(value: unknown, most: number): readonly Bag[] {
  return Array.isArray(value) ? value.slice(0, most).map(bag) : [];
}

/** A text that is one, cut to `most`. */
export function textIn(value: unknown, most = TEXT_MOST): string | undefined {
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
export function known<Value extends Bag>(value: Value): { [Name in keyof Value]: Exclude<Value[Name], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never;
}

/** What came with a message: kind, and where it lies for a while. */
export function attachmentsIn(value: unknown): ReadonlyArray<Bag> | undefined {
  const list = bags(value, 20).flatMap((one) => {
    const { url } = bag(one.payload);
    const place = textIn(url ?? one.url, 4_096);
    const safe = place !== undefined && /^https?:\/\//i.test(place) ? place : undefined;
    const kind = textIn(one.type ?? one.media_type, 32);
    return kind === undefined && safe === undefined
      ? []
      : [known({ kind, url: safe, name: textIn(one.title ?? one.name, 255) })];
  });
  return list.length === 0 ? undefined : list;
}
