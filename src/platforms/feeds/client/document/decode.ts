const BYTE_ORDER_MARKS = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: "utf-8" },
  { bytes: [0xfe, 0xff], encoding: "utf-16be" },
  { bytes: [0xff, 0xfe], encoding: "utf-16le" },
  // A "<" of two bytes is UTF-16 without its mark.
  { bytes: [0x00, 0x3c], encoding: "utf-16be" },
  { bytes: [0x3c, 0x00], encoding: "utf-16le" },
] as const;

/**
 * Decodes a feed or page in the order of RFC 7303 section 3. The byte order mark comes first, then the charset of the HTTP
 * answer, then the XML declaration, else UTF-8. Skips unknown encodings; bad bytes become U+FFFD.
 */
export function decodeText(bytes: Uint8Array, contentType: string): string {
  const mark = BYTE_ORDER_MARKS.find((known) => known.bytes.every((byte, index) => bytes[index] === byte))?.encoding;
  const charset = /;\s*charset\s*=\s*"?([^\s;"]{1,40})/i.exec(contentType)?.[1];
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 1024));
  const declared = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]{1,40})/i.exec(start)?.[1];
  for (const label of [mark, charset, declared]) {
    const decoder = label === undefined ? undefined : decoderOf(label);
    if (decoder) return decoder.decode(bytes);
  }
  return new TextDecoder().decode(bytes);
}

function decoderOf(label: string): InstanceType<typeof TextDecoder> | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}
