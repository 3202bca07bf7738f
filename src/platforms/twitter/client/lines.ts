/**
 * Splits a byte stream into lines (LF or CRLF) and passes on the non-empty ones. Throws the error of `tooLong` for a line
 * above `maxBytes`. A last line without a line end is never passed on.
 */
export function lineReader(
  maxBytes: number,
  onLine: (line: string) => Promise<void>,
  tooLong: () => Error,
): (chunk: Uint8Array) => Promise<void> {
  let parts: Uint8Array[] = [];
  let size = 0;
  const keep = (part: Uint8Array): void => {
    size += part.length;
    if (size > maxBytes) throw tooLong();
    // A copy, since the network reader may reuse its memory.
    if (part.length > 0) parts.push(Uint8Array.from(part));
  };
  return async (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      keep(chunk.subarray(start, end));
      const line = Buffer.concat(parts, size).toString("utf8").replace(/\r$/, "");
      parts = [];
      size = 0;
      start = end + 1;
      if (line !== "") await onLine(line);
    }
    keep(chunk.subarray(start));
  };
}
