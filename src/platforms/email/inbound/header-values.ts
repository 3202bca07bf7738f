import { parseDate } from "../../../platform/kit/parse-date.ts";
import { cleanLine, takeFitting } from "../schemas/event-bounds.ts";

/** Values that broken software writes in place of an id. A thread of that name would join strangers. */
const NO_ID = /^<?(null|undefined|none|nil|0)?>?$/i;

/** Returns the first Message-ID in a field's value, under the given name. Empty where there is none. */
export function singleId<Name extends string>(name: Name, value: string): { readonly [key in Name]?: string } {
  const [id] = idsIn(value);
  return (id === undefined ? {} : { [name]: id }) as { readonly [key in Name]?: string };
}

/** Returns the oldest and the newest ids of a long chain. The first names the thread, the last ones are answered. */
export function referencesOf(value: string): readonly string[] {
  const all = [...new Set(idsIn(value))];
  const shown = all.length > 50 ? [...all.slice(0, 1), ...all.slice(-49)] : all;
  return takeFitting(shown, (id) => id, { max: 50, bytes: 8_192 });
}

/**
 * Returns the Message-IDs in a field's value, with brackets. Ids may follow each other without a blank, or stand among
 * words (RFC 822's phrases); without any brackets, words with `@` count.
 */
function idsIn(value: string): readonly string[] {
  const bracketed = value.match(/<[^<>\s]{1,510}>/g) ?? [];
  const ids = bracketed.length > 0 ? bracketed : value.split(/[\s,;]+/).filter((word) => /^[^\s@<>"]+@\S+$/.test(word));
  return ids
    .map((id) => cleanLine(`<${id.replace(/[<>\s\p{C}]+/gu, "")}>`, 1_000))
    .filter((id) => id.length > 2 && id.length <= 512 && !NO_ID.test(id));
}

/**
 * Reads a mail's own date. Undefined for one that cannot be read, or lies before 1970. Text after the date is ignored, and a
 * leap second counts as the second before.
 */
export function dateOf(value: string): Date | undefined {
  const text = value
    .replace(/\([^()]{0,100}\)/g, " ")
    .replace(/\s+/g, " ")
    .replace(/(\d\d:\d\d):60\b/, "$1:59")
    .trim();
  const [mailDate] =
    /^(?:[A-Za-z]{3,9},? )?\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4},? \d{1,2}:\d\d(?::\d\d)?(?: ?(?:[+-]\d{4}|[A-Z]{1,5}))?/.exec(
      text,
    ) ?? [];
  const date = new Date(Date.parse(parseDate((mailDate ?? text).slice(0, 128)) ?? ""));
  return date.getTime() >= 0 ? date : undefined;
}
