import { isUtf8 } from "node:buffer";
import { codedError } from "./coded-error.ts";

/** Longest accepted line: IRCv3 allows 8191 bytes of tags and 512 bytes of the rest. */
export const MAX_LINE_BYTES = 16_384;

const EMPTY = Buffer.alloc(0);

/** Turns received bytes into lines. Holds at most a chunk and an unfinished line. */
export interface LineDecoder {
  readonly push: (chunk: Buffer) => void;
  /** Returns the next complete line; undefined where there is none. Throws for a line without an end. */
  readonly next: () => string | undefined;
}

/** Creates a decoder of lines in UTF-8 or windows-1252; NUL and stray CR are dropped. */
export function lineDecoder(maxBytes = MAX_LINE_BYTES): LineDecoder {
  let buffered: Buffer = EMPTY;
  let offset = 0;
  return {
    push: (chunk) => {
      buffered = offset < buffered.length ? Buffer.concat([buffered.subarray(offset), chunk]) : chunk;
      offset = 0;
    },
    next: () => {
      const end = buffered.indexOf(10, offset);
      if ((end < 0 ? buffered.length : end) - offset > maxBytes)
        throw codedError("IRC_LINE", "The server sent a line without an end");
      if (end >= 0) {
        const line = decodeLine(buffered.subarray(offset, end));
        offset = end + 1;
        return line;
      }
      // An idle account must not pin the buffer of its last line.
      buffered = offset < buffered.length ? Buffer.from(buffered.subarray(offset)) : EMPTY;
      offset = 0;
      return undefined;
    },
  };
}

/** UTF-8 sequences of several bytes in a latin1 string, as matched by `decodeMixed`. */
const SEQUENCE =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;
/** Torn sequence at the line's end or before ngIRCd's mark. */
const TORN_END = /(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})(?=(?:\[CUT\])?$)/;

/** Decodes a line. Servers may cut a line inside a character, and old clients send windows-1252. */
function decodeLine(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8").replace(/[\0\r]/g, "");
  return decodeMixed(bytes.toString("latin1").replace(/[\0\r]/g, ""));
}

/** Decodes sequences as UTF-8, other bytes as windows-1252, a torn end as U+FFFD. */
function decodeMixed(latin1: string): string {
  const hasSequences = latin1.match(SEQUENCE)?.some((match) => match.length > 1) ?? false;
  // Without any sequence, a last é of a windows-1252 line would look like a torn end.
  const whole = hasSequences ? latin1.replace(TORN_END, "\u{fffd}") : latin1;
  return whole.replace(SEQUENCE, (match) =>
    match.length > 1 ? Buffer.from(match, "latin1").toString("utf8") : windows1252(match),
  );
}

/** Characters of windows-1252 from 0x80 to 0x9f; Node's own decoder gives C1 controls instead. */
const WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

function windows1252(byte: string): string {
  return WINDOWS_1252[byte.charCodeAt(0) - 0x80] ?? byte;
}
