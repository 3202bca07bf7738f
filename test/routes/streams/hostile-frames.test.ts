import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type TestRedis, testRedis } from "../../support/redis.ts";
import { streamServer } from "./stream-server.ts";

const TEXT = 1;
const PING = 9;
const CLOSE = 8;

let redis: TestRedis;
let server: Awaited<ReturnType<typeof streamServer>>;
const sockets: Socket[] = [];
beforeAll(async () => {
  redis = await testRedis();
  server = await streamServer(redis);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  await server.stop();
  await redis.stop();
});

interface FrameParts {
  readonly opcode?: number;
  readonly payload?: Uint8Array | string;
  readonly isFinal?: boolean;
  /** Bits of extensions. */
  readonly rsv?: number;
  readonly isMasked?: boolean;
  /** Length to declare in eight bytes, in place of the payload's own. */
  readonly declared?: bigint;
}

/** Writes a client's frame (RFC 6455 section 5.2). The masking key is zero, which leaves the payload as it is. */
function frame({
  opcode = TEXT,
  payload = "",
  isFinal = true,
  rsv = 0,
  isMasked = true,
  declared,
}: FrameParts): Buffer {
  const body = Buffer.from(payload as string);
  const size = declared ?? BigInt(body.length);
  const isShort = declared === undefined && body.length < 126;
  const length = isShort ? Buffer.alloc(0) : Buffer.alloc(8);
  if (!isShort) length.writeBigUInt64BE(size);
  const head = Buffer.from([
    (isFinal ? 0x80 : 0) | (rsv << 4) | opcode,
    (isMasked ? 0x80 : 0) | (isShort ? body.length : 127),
  ]);
  return Buffer.concat([head, length, Buffer.alloc(isMasked ? 4 : 0), body]);
}

/** Opens a socket by hand. `closed` resolves with the code of the close frame once the connection has ended. */
async function handshake(app: string) {
  const { port, pathname } = new URL(server.ws);
  const socket = connect(Number(port), "127.0.0.1");
  sockets.push(socket);
  const received: Buffer[] = [];
  socket.on("data", (chunk) => received.push(chunk));
  // A server that closes at once may reset what the client still writes.
  socket.on("error", () => undefined);
  const closed = new Promise<number | undefined>((resolve) => {
    socket.on("close", () => resolve(closeCode(Buffer.concat(received))));
  });
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${app}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
      "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
  );
  const head = () => Buffer.concat(received).toString("latin1").split("\r\n\r\n", 1)[0] ?? "";
  while (!Buffer.concat(received).includes("\r\n\r\n")) await once(socket, "data");
  return { socket, head: head(), closed };
}

/** Finds the close frame among a server's frames, which are never masked. */
function closeCode(bytes: Buffer): number | undefined {
  let at = bytes.indexOf("\r\n\r\n") + 4;
  while (at + 2 <= bytes.length) {
    const opcode = bytes.readUInt8(at) & 15;
    const short = bytes.readUInt8(at + 1) & 127;
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    if (opcode === CLOSE) return bytes.readUInt16BE(start);
    at = start + length;
  }
  return undefined;
}

describe("a WebSocket client", () => {
  it("is granted no compression, so that no frame can unfold", async () => {
    const { head } = await handshake("plain");
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head).not.toMatch(/permessage-deflate/i);
  });

  it.each<[behaviour: string, code: number, frames: readonly FrameParts[]]>([
    ["does not mask its frames", 1002, [{ payload: "{}", isMasked: false }]],
    ["uses bits of an extension", 1002, [{ payload: "{}", rsv: 4 }]],
    ["uses an opcode that does not exist", 1002, [{ opcode: 3 }]],
    ["continues what it never began", 1002, [{ opcode: 0, payload: "{}" }]],
    ["begins a message within a message", 1002, [{ payload: "{", isFinal: false }, { payload: "}" }]],
    ["fragments a ping", 1002, [{ opcode: PING, isFinal: false }]],
    ["sends a ping of more than 125 bytes", 1002, [{ opcode: PING, payload: "x".repeat(126) }]],
    ["closes with a code that must not be sent", 1002, [{ opcode: CLOSE, payload: Uint8Array.of(3, 0xed) }]],
    ["sends text that is not UTF-8", 1007, [{ payload: Uint8Array.of(0xc3, 0x28) }]],
    ["announces a frame of 2^62 bytes", 1009, [{ declared: 2n ** 62n }]],
    ["announces a frame of 1 GB", 1009, [{ declared: 2n ** 30n }]],
    [
      "cuts a message into 17,000 pieces",
      1008,
      [
        { payload: "x", isFinal: false },
        ...Array.from({ length: 17_000 }, () => ({ opcode: 0, payload: "x", isFinal: false })),
      ],
    ],
  ])("that %s is closed with %s", async (_behaviour, code, frames) => {
    const { socket, closed } = await handshake("hostile");
    socket.write(Buffer.concat(frames.map(frame)));
    expect(await closed).toBe(code);
  });

  it("that floods with pings and reads no answer leaves others their answers", async () => {
    const { socket } = await handshake("flood");
    socket.pause();
    socket.write(
      Buffer.concat(Array.from({ length: 50_000 }, () => frame({ opcode: PING, payload: "x".repeat(125) }))),
    );
    const neighbour = await handshake("neighbour");
    neighbour.socket.write(frame({ opcode: CLOSE, payload: Uint8Array.of(3, 0xe8) }));
    expect(await neighbour.closed).toBe(1000);
  });
});
