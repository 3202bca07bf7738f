/**
 * Cuts a stream of bytes into its lines, given one after the other without their ends (LF or CRLF); empty ones are left
 * out. `tooLong` makes what is thrown for a line above `most` bytes. A last line without its end is never given.
 */
export function lineReader(
  most: number,
  take: (line: string) => Promise<void>,
  tooLong: () => Error,
): (chunk: Uint8Array) => Promise<void> {
  let parts: Uint8Array[] = [];
  let size = 0;
  const keep = (part: Uint8Array): void => {
    size += part.length;
    if (size > most) throw tooLong();
    // A copy: whoever reads the network may use its memory again.
    if (part.length > 0) parts.push(Uint8Array.from(part));
  };
  return async (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      keep(chunk.subarray(from, end));
      const line = Buffer.concat(parts, size).toString("utf8").replace(/\r$/, "");
      parts = [];
      size = 0;
      from = end + 1;
      if (line !== "") await take(line);
    }
    keep(chunk.subarray(from));
  };
}
