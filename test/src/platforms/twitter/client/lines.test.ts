import fc from "fast-check";
import { expect, it } from "vitest";
import { lineReader } from "../../../../../src/platforms/twitter/client/lines.ts";

async function linesOf(bytes: Buffer, cuts: readonly number[], max = 1_000): Promise<readonly string[]> {
  const lines: string[] = [];
  const read = lineReader(
    max,
    async (line) => void lines.push(line),
    () => new Error("too long"),
  );
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    const chunk = Buffer.from(bytes.subarray(from, end));
    await read(chunk);
    // The next read may overwrite the previous buffer.
    chunk.fill(0);
    from = end;
  }
  return lines;
}

it("returns the same lines for any chunking, and no unfinished line", async () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((sample) => !/[\r\n]/.test(sample));
  const property = fc.asyncProperty(fc.array(text), fc.array(fc.nat()), text, async (lines, cuts, rest) => {
    const bytes = Buffer.from(lines.map((line, at) => line + (at % 2 ? "\n" : "\r\n\r\n")).join("") + rest);
    expect(await linesOf(bytes, cuts)).toEqual(lines);
  });
  await fc.assert(property);
});

it("throws for a line that is too long, finished or not", async () => {
  const line = Buffer.from(`${"a".repeat(11)}\n`);
  await expect(linesOf(line, [], 10)).rejects.toThrow("too long");
  await expect(linesOf(line.subarray(0, 11), [4, 8], 10)).rejects.toThrow("too long");
  expect(await linesOf(line, [3], 11)).toEqual(["a".repeat(11)]);
});
