import { isUtf8 } from "node:buffer";
import { fault } from "./coded-error.ts";

/** What a line may weigh with its tags: 8191 bytes of tags and 512 of the rest are the most that IRCv3 allows. */
export const LINE_BYTES = 16_384;

const NOTHING = Buffer.alloc(0);

/** Takes bytes as they come and gives lines back. Holds no more than one chunk and one unfinished line. */
export interface Lines {
  readonly push: (chunk: Buffer) => void;
  /** The next whole line, if there is one. Throws a fault for a line that does not end. */
  readonly next: () => string | undefined;
}

/** Cuts what a server sends into lines: UTF-8, or Latin-1 where it is not that; NUL and stray CR are dropped. */
export function lineReader(most = LINE_BYTES): Lines {
  let rest: Buffer = NOTHING;
  let at = 0;
  return {
    push: (chunk) => {
      rest = at < rest.length ? Buffer.concat([rest.subarray(at), chunk]) : chunk;
      at = 0;
    },
    next: () => {
      const end = rest.indexOf(10, at);
      if ((end < 0 ? rest.length : end) - at > most) throw fault("IRC_LINE", "The server sent a line without an end");
      if (end >= 0) {
        const line = decoded(rest.subarray(at, end));
        at = end + 1;
        return line;
      }
      // An idle account must not pin the buffer that its last line came in.
      rest = at < rest.length ? Buffer.from(rest.subarray(at)) : NOTHING;
      at = 0;
      return undefined;
    },
  };
}

function decoded(bytes: Buffer): string {
  const text = bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");
  return text.replace(/[\0\r]/g, "");
}
