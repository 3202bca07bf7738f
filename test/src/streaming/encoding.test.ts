import { createParser, type EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareIds, formatCursor, parseCursor } from "../../../src/event-log/cursor.ts";
import { createBatch, encodeEvent, jsonWithCursor } from "../../../src/streaming/encoded-event.ts";
import { encodeChunk, encodeSseBlock } from "../../../src/streaming/sse-encoding.ts";
import { encodeTextFrame } from "../../../src/streaming/websocket-encoding.ts";

function parse(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  parser.feed(text);
  return events;
}

function dechunk(bytes: Buffer): string {
  let rest = bytes;
  let text = Buffer.alloc(0);
  while (rest.length > 0) {
    const line = rest.indexOf("\r\n");
    const size = Number.parseInt(rest.subarray(0, line).toString(), 16);
    text = Buffer.concat([text, rest.subarray(line + 2, line + 2 + size)]);
    expect(rest.subarray(line + 2 + size, line + 4 + size).toString()).toBe("\r\n");
    rest = rest.subarray(line + 4 + size);
  }
  return text.toString();
}

const json = fc.object({ withUnicodeString: true } as never).map((value) => ({ ...value, type: "activity" }));

test("an event's frame decodes to the same event in every format and in batches", () => {
  fc.assert(
    fc.property(fc.array(json, { minLength: 1, maxLength: 5 }), (values) => {
      const texts = values.map((value) => JSON.stringify(value));
      const frames = texts.map((text, i) => encodeEvent("ep", `${i + 1}-0`, text));
      const batch = createBatch(frames);
      for (const kind of ["sse", "named"] as const) {
        const events = parse(dechunk(batch.bytes(kind)));
        expect(events.map(({ data }) => data)).toEqual(texts);
        expect(events.map(({ id }) => id)).toEqual(frames.map(({ cursor }) => cursor));
        expect(events[0]?.event).toBe(kind === "named" ? "activity" : undefined);
      }
      expect(batch.bytes("ssePlain").toString()).toBe(dechunk(batch.bytes("sse")));
      expect(batch.bytes("namedPlain").toString()).toBe(dechunk(batch.bytes("named")));
      for (const frame of frames) {
        expect(JSON.parse(jsonWithCursor(frame))).toEqual({ cursor: frame.cursor, ...JSON.parse(frame.json) });
      }
    }),
  );
});

test("a line break in the data never starts a new SSE field", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (event, id, data) => {
      const broken = /[\r\n\0]/.test(event + id) || /[\r\n]/.test(data);
      const make = () => encodeSseBlock({ event, id, data });
      if (broken) expect(make).toThrow(RangeError);
      else expect(parse(make())).toHaveLength(1);
    }),
  );
  expect(() => encodeSseBlock({ event: "a\nid: 1", data: "" })).toThrow(RangeError);
});

test("multi-line JSON is encoded as one line", () => {
  const frame = encodeEvent("ep", "1-0", JSON.stringify({ type: "result", rid: 1 }, null, 2));
  expect(parse(createBatch([frame]).bytes("ssePlain").toString())[0]?.data).toBe('{"type":"result","rid":1}');
});

test("text that is not an event's JSON is refused", () => {
  for (const text of ["", "null", "[]", "1", "{}", '{"type":"a\\nb"}', '{"type":1}', "{"]) {
    expect(() => encodeEvent("ep", "1-0", text)).toThrow(SyntaxError);
  }
});

test("a chunk states its length in bytes", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => dechunk(encodeChunk(`${text}.`)) === `${text}.`));
});

test("a WebSocket frame states its length in bytes", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 100_000]) {
    const frame = encodeTextFrame("x".repeat(length));
    const short = (frame[1] as number) & 0x7f;
    const payloadLength =
      short < 126 ? short : short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    expect([frame[0], payloadLength, frame.length - head, (frame[1] as number) >> 7]).toEqual([
      0x81,
      length,
      length,
      0,
    ]);
  }
});

const digits = fc.bigInt({ min: 0n, max: 10n ** 15n - 1n });
const seq = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const epoch = fc.stringMatching(/^[A-Za-z0-9_-]{1,24}$/);

test("a cursor parses back within 64 ASCII characters", () => {
  fc.assert(
    fc.property(epoch, digits, seq, (name, ms, n) => {
      const text = formatCursor(name, `${ms}-${n}`);
      expect(text).toMatch(/^[\x21-\x7e]{1,64}$/);
      expect(parseCursor(text)).toEqual({ epoch: name, id: `${ms}-${n}` });
    }),
  );
});

test("any other text is an invalid cursor", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
      const read = parseCursor(text);
      return read === undefined || formatCursor(read.epoch, read.id) === text;
    }),
  );
  const bad = [
    "",
    ".",
    "a.",
    "a.1",
    "a.1-",
    "a.01-0",
    "a.1-01",
    "a.1-0 ",
    " a.1-0",
    "a.1-0\n",
    "a.b.1-0",
    "a.-1-0",
    `${"a".repeat(60)}.1-0`,
  ];
  expect(bad.map(parseCursor)).toEqual(bad.map(() => undefined));
});

test("ids compare as integers beyond the precision of a double", () => {
  fc.assert(
    fc.property(digits, seq, digits, seq, (a, m, b, n) => {
      const expected = a === b ? (m < n ? -1 : m > n ? 1 : 0) : a < b ? -1 : 1;
      expect(Math.sign(compareIds(`${a}-${m}`, `${b}-${n}`))).toBe(expected);
    }),
  );
});
