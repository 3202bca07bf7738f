/**
 * Builds the associated data of a sealed value, so that the value opens nowhere else.
 * Each part follows its length, which keeps `a|bc` and `ab|c` apart whatever the parts contain.
 */
export function associatedData(...parts: readonly string[]): Buffer {
  const chunks: Buffer[] = [];
  for (const part of parts) {
    const bytes = Buffer.from(part, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    chunks.push(length, bytes);
  }
  return Buffer.concat(chunks);
}
