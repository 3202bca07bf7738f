/** Characters of text and of HTML in an event. */
const MAX_TEXT_CHARS = 65_536;
/** Bytes of text and of HTML as JSON. */
const MAX_TEXT_BYTES = 81_920;

/** Returns a single line without control characters, of at most `maxChars` characters. */
export function cleanLine(text: string, maxChars: number): string {
  const start = text.slice(0, maxChars * 2).replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
  return wellFormed(start.trim().slice(0, maxChars));
}

/** Converts the first entries of a list. Stops after `max` entries or `bytes` of JSON. */
export function takeFitting<From, To>(
  list: readonly From[],
  convert: (entry: From) => To,
  { max, bytes }: { readonly max: number; readonly bytes: number },
): readonly To[] {
  const fitting: To[] = [];
  let room = bytes;
  for (const entry of list.slice(0, max)) {
    const converted = convert(entry);
    room -= jsonBytes(converted);
    if (room < 0) break;
    fitting.push(converted);
  }
  return fitting;
}

type CutBody<Name extends "body" | "html"> = { readonly [key in Name]?: string } & {
  readonly [key in `${Name}Truncated`]?: true;
};

/** Returns a body with uniform line ends. A body too long for an event is cut and marked. */
export function cutBody<Name extends "body" | "html">(name: Name, content: string | undefined): CutBody<Name> {
  if (content === undefined) return {};
  const lines = content.replaceAll("\r\n", "\n").replaceAll("\u0000", "\ufffd").replace(/\n$/, "");
  let text = wellFormed(lines.slice(0, MAX_TEXT_CHARS));
  for (let bytes = jsonBytes(text); bytes > MAX_TEXT_BYTES; bytes = jsonBytes(text)) {
    text = wellFormed(text.slice(0, Math.floor((text.length * MAX_TEXT_BYTES) / bytes)));
  }
  const mark = text.length < lines.length ? { [`${name}Truncated`]: true } : {};
  return { [name]: text, ...mark } as CutBody<Name>;
}

/** Replaces half a surrogate pair, as a cut may leave behind. JSON readers reject such text. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** Returns the media type. An invitation keeps the `method` that tells a request from an answer (RFC 5546). */
export function mediaTypeOf(type: string, method: string | undefined): string {
  const base = cleanLine(type, 127).toLowerCase();
  const isCalendar = base === "text/calendar" && method !== undefined && /^[A-Za-z-]{1,20}$/.test(method);
  return isCalendar ? `${base}; method=${method.toUpperCase()}` : base;
}
