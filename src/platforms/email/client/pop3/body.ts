/** Decoder of a multi-line POP3 answer. */
export interface Pop3Body {
  /** Takes the next bytes from the wire. Returns the bytes after the answer's end, or undefined while it goes on. */
  readonly take: (chunk: Buffer) => Buffer | undefined;
  /** Content without the bytes beyond `maxBytes`. */
  readonly bytes: () => Buffer;
  /** Bytes of the whole content, including the bytes that were dropped. */
  readonly size: () => number;
}

const [LF, CR, DOT] = [10, 13, 46];
/** Position of the last byte in a line. `dot` and `dotted` hold back a dot, or a dot with CR, that may be the end. */
type LinePosition = "start" | "text" | "cr" | "dot" | "dotted" | "end";
const BLOCK = 65_536;
/** CR that was held back after a dot which did not end the answer. */
const HELD_BACK = Buffer.from("\r");

/**
 * Decodes a multi-line answer (RFC 1939 section 3) from chunks of any size. A dot that begins a line is removed; every other
 * byte stays unchanged.
 */
export function pop3Body(maxBytes: number): Pop3Body {
  // Own blocks, so that a server that sends single bytes does not cost an object for each byte.
  const fullBlocks: Buffer[] = [];
  let block = Buffer.allocUnsafe(Math.min(maxBytes, 4_096));
  let used = 0;
  let position: LinePosition = "start";
  let size = 0;

  function put(chunk: Buffer, from: number, to: number): void {
    const last = Math.min(to, from + Math.max(0, maxBytes - size));
    size += to - from;
    for (let at = from; at < last; ) {
      if (used === block.length) {
        fullBlocks.push(block);
        block = Buffer.allocUnsafe(BLOCK);
        used = 0;
      }
      const copied = chunk.copy(block, used, at, last);
      used += copied;
      at += copied;
    }
  }

  return {
    bytes: () => Buffer.concat([...fullBlocks, block.subarray(0, used)]),
    size: () => size,
    take: (chunk) => {
      // The bytes between two held-back bytes are copied as a single run.
      let from = 0;
      for (
        let at = nextRelevantByte(position, chunk, 0);
        at < chunk.length;
        at = nextRelevantByte(position, chunk, at + 1)
      ) {
        const before = position;
        position = nextPosition(before, chunk[at] ?? 0);
        if (position === "end") return chunk.subarray(at + 1);
        if (before === "dotted") put(HELD_BACK, 0, 1);
        if (position === "dot" || position === "dotted") {
          put(chunk, from, at);
          from = at + 1;
        }
      }
      put(chunk, from, chunk.length);
      return undefined;
    },
  };
}

/** Returns the index of the next byte that may change the position. Within a line's text only a CR does. */
function nextRelevantByte(position: LinePosition, chunk: Buffer, at: number): number {
  if (position !== "text") return at;
  const next = chunk.indexOf(CR, at);
  return next < 0 ? chunk.length : next;
}

function nextPosition(position: LinePosition, byte: number): LinePosition {
  if (position === "start" && byte === DOT) return "dot";
  if (position === "dot" && byte === CR) return "dotted";
  if (position === "dotted" && byte === LF) return "end";
  if (byte === CR) return "cr";
  return position === "cr" && byte === LF ? "start" : "text";
}
