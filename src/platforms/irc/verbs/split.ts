/** Bytes of text per line that every server passes on uncut. */
const MAX_PART_BYTES = 350;
/** Bytes of CR LF and the longest `:nick!user@host `. Parts: 30, 10 with a mark before, 63. */
const FRAME_BYTES = 2 + 1 + 30 + 1 + 11 + 1 + 63 + 1;
const MAX_LINE_BYTES = 512;

/** Kind of a message. */
export type MessageKind = "message" | "action" | "notice";

/** Returns the bytes of text that fit one line to `target`. */
export function availableBytes(target: string, kind: MessageKind): number {
  const command =
    "PRIVMSG  :".length + Buffer.byteLength(target) + (kind === "action" ? "\u0001ACTION \u0001".length : 0);
  return Math.min(MAX_PART_BYTES, MAX_LINE_BYTES - FRAME_BYTES - command);
}

/** Formatting characters that switch on and off, and the one that ends all. */
const TOGGLE_CODES = "\u0002\u0011\u0016\u001d\u001e\u001f";
const RESET = "\u000f";
const TOGGLES = new RegExp(`[${TOGGLE_CODES}]`);
const FORMATTING = new RegExp(`[${TOGGLE_CODES}${RESET}]`, "g");
/** Bytes that the formatting of a part takes from the part before. */
const MAX_CARRIED_BYTES = 6;

/**
 * Cuts a text into lines of at most `maxBytes`. Cuts at line breaks, then after a space if one is near, else between
 * characters. Only line breaks, blank lines and blanks at a part's end are lost, which servers drop. Formatting that a
 * cut would end goes on in the next part; colours do not.
 */
export function split(text: string, maxBytes: number): readonly string[] {
  return text
    .split(/\r\n|\n|\r/)
    .flatMap((line) =>
      TOGGLES.test(line) ? carryFormatting(cutLine(line, maxBytes - MAX_CARRIED_BYTES)) : cutLine(line, maxBytes),
    )
    .map((part) => part.trimEnd())
    .filter((part) => part !== "");
}

/** Puts the formatting that a part leaves open before the next part. */
function carryFormatting(parts: readonly string[]): readonly string[] {
  const open = new Set<string>();
  return parts.map((part) => {
    const carried = [...open].join("");
    for (const [code] of part.matchAll(FORMATTING)) {
      if (code === RESET) open.clear();
      else if (!open.delete(code)) open.add(code);
    }
    return carried + part;
  });
}

function cutLine(line: string, maxBytes: number): readonly string[] {
  if (Buffer.byteLength(line) <= maxBytes) return [line];
  const parts: string[] = [];
  let part = "";
  let bytes = 0;
  let afterSpace = 0;
  for (const character of characters(line, maxBytes)) {
    const size = Buffer.byteLength(character);
    if (bytes + size > maxBytes) {
      const end = afterSpace > part.length * (2 / 3) ? afterSpace : part.length;
      parts.push(part.slice(0, end));
      part = part.slice(end);
      bytes = Buffer.byteLength(part);
      afterSpace = 0;
    }
    part += character;
    bytes += size;
    if (character === " ") afterSpace = part.length;
  }
  return [...parts, part];
}

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Yields characters as readers see them, such as a flag of two code points. Larger ones as code points. */
function* characters(line: string, maxBytes: number): Generator<string> {
  for (const { segment } of GRAPHEMES.segment(line)) {
    if (Buffer.byteLength(segment) <= maxBytes / 4) yield segment;
    else yield* segment;
  }
}

/** Returns the command that sends `text` to `target`. */
export function messageLine(target: string, text: string, kind: MessageKind): string {
  if (kind === "action") return `PRIVMSG ${target} :\u0001ACTION ${text}\u0001`;
  return `${kind === "notice" ? "NOTICE" : "PRIVMSG"} ${target} :${text}`;
}
