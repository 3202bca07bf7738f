/** Encodes a block of a text/event-stream (WHATWG HTML section 9.2). Every text is one line, which the callers see to. */
export interface SseBlock {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
}

/** The block as text. Throws a RangeError rather than let a line break begin a field of its own. */
export function encodeSseBlock({ event, id, data }: SseBlock): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly the characters that end a line or void an id
  if (/[\r\n\u0000]/.test(`${event ?? ""}${id ?? ""}`) || /[\r\n]/.test(data)) {
    throw new RangeError("a line break inside an event-stream field");
  }
  const name = event === undefined ? "" : `event: ${event}\n`;
  const idField = id === undefined ? "" : `id: ${id}\n`;
  return `${name}${idField}data: ${data}\n\n`;
}

/** Encodes text as a chunk of a chunked body (RFC 9112 section 7.1). */
export function encodeChunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

/** Ends a chunked body. */
export const LAST_CHUNK = Buffer.from("0\r\n\r\n");
