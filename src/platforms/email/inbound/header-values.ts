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

/** Offsets of zone names in mail that `Date.parse` does not know (RFC 2822 section 4.3). */
const ZONES: Readonly<Record<string, string>> = {
  CET: "+0100",
  MET: "+0100",
  BST: "+0100",
  CEST: "+0200",
  MEST: "+0200",
  EET: "+0200",
  EEST: "+0300",
  MSK: "+0300",
  IST: "+0530",
  JST: "+0900",
  KST: "+0900",
  AEST: "+1000",
  AEDT: "+1100",
  WET: "+0000",
  WEST: "+0100",
};

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
  const withOffset = (mailDate ?? text).replace(/ ([A-Z]{2,5})$/, (zone, name: string) => {
    const offset = ZONES[name];
    return offset === undefined ? zone : ` ${offset}`;
  });
  const date = new Date(Date.parse(withOffset));
  return date.getTime() >= 0 ? date : undefined;
}
