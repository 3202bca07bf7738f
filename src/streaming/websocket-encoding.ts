/** Encodes a text as an unmasked, final WebSocket frame (RFC 6455 section 5.2). */
export function encodeTextFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const event = Buffer.allocUnsafe(head + length);
  event[0] = 0x81;
  if (head === 2) {
    event[1] = length;
  } else if (head === 4) {
    event[1] = 126;
    event.writeUInt16BE(length, 2);
  } else {
    event[1] = 127;
    event.writeBigUInt64BE(BigInt(length), 2);
  }
  event.write(text, head);
  return event;
}
