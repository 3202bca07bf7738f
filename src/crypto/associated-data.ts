/**
 * Associated data of a sealed value: says where it belongs, so that it opens nowhere else. Each part goes in with its
 * length in front, which keeps `a|bc` and `ab|c` apart whatever the parts hold.
 */
export function associatedData(...parts: readonly string[]): Buffer {
  const pieces: Buffer[] = [];
  for (const part of parts) {
    const bytes = Buffer.from(part, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    pieces.push(length, bytes);
  }
  return Buffer.concat(pieces);
}
