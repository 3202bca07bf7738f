import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Answer of the test server for one question; undefined sends no answer. */
export type TestAnswer =
  | { readonly addresses: readonly string[]; readonly ttl?: number }
  | "no-such-name"
  | "server-failure"
  | undefined;

const TYPES: Readonly<Record<number, "A" | "AAAA">> = { 1: "A", 28: "AAAA" };

/** Name server on a loopback port; `answer` decides each question by name and type. */
export async function dnsServer(answer: (name: string, type: "A" | "AAAA") => TestAnswer) {
  const socket = createSocket("udp4");
  const requests: string[] = [];
  socket.on("message", (query, from) => {
    const { name, type, end } = questionOf(query);
    requests.push(`${type} ${name}`);
    const found = answer(name, type);
    if (found !== undefined) socket.send(reply(query.subarray(0, end), found), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    requests,
    close: () => new Promise<void>((done) => socket.close(() => done())),
  };
}

function questionOf(query: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = TYPES[query.readUInt16BE(at + 1)] ?? "A";
  return { name: labels.join(".").toLowerCase(), type, end: at + 5 };
}

/** Writes a response (RFC 1035 section 4): header, the question, one record per address. */
function reply(question: Buffer, found: Exclude<TestAnswer, undefined>): Buffer {
  const code = found === "no-such-name" ? 3 : found === "server-failure" ? 2 : 0;
  const records = typeof found === "string" ? [] : found.addresses.map((address) => record(address, found.ttl ?? 60));
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...records]);
}

function record(address: string, ttl: number): Buffer {
  const isV6 = address.includes(":");
  const data = isV6 ? v6Bytes(address) : Buffer.from(address.split(".").map(Number));
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(isV6 ? 28 : 1, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function v6Bytes(address: string): Buffer {
  const [left = "", right = ""] = address.split("::");
  const groups = (text: string) => text.split(":").filter((group) => group !== "");
  const zeros = Array<string>(8 - groups(left).length - groups(right).length).fill("0");
  const bytes = [...groups(left), ...zeros, ...groups(right)].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
  return Buffer.from(bytes);
}
