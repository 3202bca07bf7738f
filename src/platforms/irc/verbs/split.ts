/** Bytes of text in one line at most: what every server passes on uncut (512 less everything around it). */
const PART_BYTES = 350;
/** CR LF, and `:nick!user@host ` at its longest: 30, 10 with a mark before it, 63. */
const AROUND = 2 + 1 + 30 + 1 + 11 + 1 + 63 + 1;

/** How a text is said. */
export type Manner = "message" | "action" | "notice";

/** The bytes that one line to `target` has room for. */
export function roomFor(target: string, manner: Manner): number {
  const frame =
    "PRIVMSG  :".length + Buffer.byteLength(target) + (manner === "action" ? "\u0001ACTION \u0001".length : 0);
  return Math.min(PART_BYTES, 512 - AROUND - frame);
}

/**
 * Cuts a text into lines that fit: at its line breaks, and where a line has more than `most` bytes at a code point's edge, after
 * a space if one is near. Nothing is lost but line breaks, blank lines and blanks at a part's end, which servers drop.
 */
export function split(text: string, most: number): readonly string[] {
  return text
    .split(/\r\n|\n|\r/)
    .flatMap((line) => cut(line, most))
    .map((part) => part.trimEnd())
    .filter((part) => part !== "");
}

function cut(line: string, most: number): readonly string[] {
  if (Buffer.byteLength(line) <= most) return [line];
  const parts: string[] = [];
  let part = "";
  let bytes = 0;
  let afterSpace = 0;
  for (const point of line) {
    const size = Buffer.byteLength(point);
    if (bytes + size > most) {
      const at = afterSpace > part.length * (2 / 3) ? afterSpace : part.length;
      parts.push(part.slice(0, at));
      part = part.slice(at);
      bytes = Buffer.byteLength(part);
      afterSpace = 0;
    }
    part += point;
    bytes += size;
    if (point === " ") afterSpace = part.length;
  }
  return [...parts, part];
}

/** The command that says `text` to `target`. */
export function spoken(target: string, text: string, manner: Manner): string {
  if (manner === "action") return `PRIVMSG ${target} :\u0001ACTION ${text}\u0001`;
  return `${manner === "notice" ? "NOTICE" : "PRIVMSG"} ${target} :${text}`;
}
