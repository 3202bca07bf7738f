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

  function put(byte: number): void {
    size += 1;
    if (size > most) return;
    if (used === block.length) {
      full.push(block);
      block = Buffer.allocUnsafe(BLOCK);
      used = 0;
    }
    block[used] = byte;
    used += 1;
  }

  return {
    bytes: () => Buffer.concat([...full, block.subarray(0, used)]),
    size: () => size,
    take: (chunk) => {
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] ?? 0;
        const before = place;
        place = follow(before, byte);
        if (place === "end") return chunk.subarray(at + 1);
        if (before === "dotted") put(CR);
        if (place !== "dot" && place !== "dotted") put(byte);
      }
      return undefined;
    },
  };
}

function follow(place: Place, byte: number): Place {
  if (place === "start" && byte === DOT) return "dot";
  if (place === "dot" && byte === CR) return "dotted";
  if (place === "dotted" && byte === LF) return "end";
  if (byte === CR) return "cr";
  return place === "cr" && byte === LF ? "start" : "text";
}
