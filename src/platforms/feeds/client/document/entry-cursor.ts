import type { Entry } from "./feed.ts";
import { entryKey } from "./seen-entries.ts";

/** Returns the cursor of an entry: its date and key. */
export function cursorOf(entry: Entry): string {
  return `${timeOf(entry) || 0}.${entryKey(entry)}`;
}

/** Returns an entry's date in Unix ms. Without a date NaN, for which no comparison holds. */
export function timeOf({ published, updated }: Pick<Entry, "published" | "updated">): number {
  return Date.parse(published ?? updated ?? "");
}
