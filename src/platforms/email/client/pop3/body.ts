/** What was taken out of a multi-line answer so far. */
export interface Pop3Body {
  /** Takes the next bytes from the wire; gives what follows the answer's end, or undefined while it goes on. */
  readonly take: (chunk: Buffer) => Buffer | undefined;
  /** The content; what was over `most` bytes is not in it. */
  readonly bytes: () => Buffer;
  /** Bytes of the content, also of those that were not kept. */
  readonly size: () => number;
}

const [LF, CR, DOT] = [10, 13, 46];
/** Where in a line the last byte was; `dot` and `dotted` hold back a dot, and a dot with its CR, that may be the end. */
type Place = "start" | "text" | "cr" | "dot" | "dotted" | "end";
const BLOCK = 65_536;
/** What was held back with a dot that turned out to be no end. */
const HELD = Buffer.from("\r");

/**
 * Takes a multi-line answer (RFC 1939 section 3) out of the bytes as they come, however they are cut: a dot that begins a
 * line is taken off, every other byte stays as it is.
 */
export function pop3Body(most: number): Pop3Body {
  // Blocks of our own: a server that drips single bytes must not cost an object for each.
  const full: Buffer[] = [];
  let block = Buffer.allocUnsafe(Math.min(most, 4_096));
  let used = 0;
  let place: Place = "start";
  let size = 0;

  function put(chunk: Buffer, from: number, to: number): void {
    const last = Math.min(to, from + Math.max(0, most - size));
    size += to - from;
    for (let at = from; at < last; ) {
      if (used === block.length) {
        full.push(block);
        block = Buffer.allocUnsafe(BLOCK);
        used = 0;
      }
      const copied = chunk.copy(block, used, at, last);
      used += copied;
      at += copied;
    }
  }

  return {
    bytes: () => Buffer.concat([...full, block.subarray(0, used)]),
    size: () => size,
    take: (chunk) => {
      // What lies between two bytes that are held back, or at the ends, goes as one piece.
      let from = 0;
      for (let at = telling(place, chunk, 0); at < chunk.length; at = telling(place, chunk, at + 1)) {
        const before = place;
        place = follow(before, chunk[at] ?? 0);
        if (place === "end") return chunk.subarray(at + 1);
        if (before === "dotted") put(HELD, 0, 1);
        if (place === "dot" || place === "dotted") {
          put(chunk, from, at);
          from = at + 1;
        }
      }
      put(chunk, from, chunk.length);
      return undefined;
    },
  };
}

/** Where the next byte is that may change the place: within a line's text only a CR does. */
function telling(place: Place, chunk: Buffer, at: number): number {
  if (place !== "text") return at;
  const next = chunk.indexOf(CR, at);
  return next < 0 ? chunk.length : next;
}

function follow(place: Place, byte: number): Place {
  if (place === "start" && byte === DOT) return "dot";
  if (place === "dot" && byte === CR) return "dotted";
  if (place === "dotted" && byte === LF) return "end";
  if (byte === CR) return "cr";
  return place === "cr" && byte === LF ? "start" : "text";
}
