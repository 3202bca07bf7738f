import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MalformedJson, parseJson } from "../../../src/intake/parse-json.ts";
import { BodyTooLarge, parseLargeJson, TooManyItems } from "../../../src/intake/parse-large-json.ts";
import { cpuOf, leastCost } from "../../support/cpu-growth.ts";

/** CPU that 14 MB may cost, in ms. */
const MAX_CPU_MS = 5_000;
const limits = { maxBytes: 2_000, maxItems: 5 };
const parse = (text: string) => parseLargeJson(Buffer.from(text), limits);
const base64 = fc.base64String({ maxLength: 3_000 });
const attachment = fc.record({ name: fc.string({ maxLength: 20 }), content: base64 }, { requiredKeys: ["name"] });
const activity = fc.record(
  {
    rid: fc.string({ maxLength: 20 }),
    object: fc.record({ body: fc.string({ maxLength: 40 }), attachments: fc.array(attachment, { maxLength: 3 }) }),
    context: fc.jsonValue({ maxDepth: 2 }).filter((value) => JSON.stringify(value).length < 500),
  },
  { requiredKeys: [] },
);
/** JSON as PHP writes it, with escaped slashes, or with escapes everywhere. */
const written = fc.constantFrom(
  (value: unknown) => JSON.stringify(value),
  (value: unknown) => JSON.stringify(value, null, 1),
  (value: unknown) => JSON.stringify(value).replaceAll("/", "\\/"),
);

async function outcomeOf(work: () => unknown): Promise<unknown> {
  try {
    return { value: await work() };
  } catch (error) {
    return error instanceof MalformedJson ? "malformed" : error;
  }
}

describe("parseLargeJson", () => {
  it("reads one activity or a list like parseJson", async () => {
    const body = fc.oneof(activity, fc.array(activity, { maxLength: 5 }));
    await fc.assert(
      fc.asyncProperty(body, written, async (value, write) => {
        const text = write(value);
        expect(await outcomeOf(() => parse(text))).toEqual(await outcomeOf(() => parseJson(text)));
      }),
      { numRuns: 300 },
    );
  });

  it("refuses broken JSON like parseJson, broken at any position", async () => {
    const text = JSON.stringify([{ object: { attachments: [{ name: "a", content: "QUJD\r\n" }] } }, { a: ["x", 1] }]);
    for (let at = 0; at < text.length; at++) {
      for (const broken of [
        text.slice(0, at),
        text.slice(0, at) + text.slice(at + 1),
        `${text.slice(0, at)}]${text.slice(at)}`,
      ]) {
        const isBroken = (await outcomeOf(() => parseJson(broken))) === "malformed";
        expect((await outcomeOf(() => parse(broken))) === "malformed", broken).toBe(isBroken);
      }
    }
  });

  it.each([
    ["null among the attachments", [null, { content: "QUJD" }]],
    ["a number that looks like a placeholder", [{ content: 0 }, { content: "QUJD" }]],
    ["contents that are numbers as text", [{ content: "1" }, { content: "0" }]],
  ])("leaves %s unchanged", async (_name, attachments) => {
    const value = { object: { attachments } };
    expect(await parse(JSON.stringify(value))).toEqual(value);
  });

  it.each([
    ["a long text beside attachments", { object: { body: "x".repeat(3_000), attachments: [{ content: "QUJD" }] } }],
    ["a long string elsewhere", { context: { attachments: [{ content: "A".repeat(3_000) }] } }],
    ["one item of a list", [{ a: 1 }, { object: { body: "x".repeat(3_000) } }, { a: 2 }]],
    ["many small values", { a: Array.from({ length: 2_000 }, () => 1) }],
  ])("refuses %s over the limit of an item", async (_name, value) => {
    await expect(parse(JSON.stringify(value))).rejects.toThrow(BodyTooLarge);
  });

  it("measures each item without the contents of attachments", async () => {
    const item = { object: { body: "x".repeat(1_500), attachments: [{ name: "a", content: "A".repeat(100_000) }] } };
    expect(await parse(JSON.stringify([item, item, item]))).toEqual([item, item, item]);
    await expect(parse(JSON.stringify(Array.from({ length: 6 }, () => ({}))))).rejects.toThrow(TooManyItems);
  });

  it("yields to the event loop while it reads megabytes", async () => {
    const content = "AB/C".repeat(1_000_000);
    const bytes = Buffer.from(JSON.stringify({ object: { attachments: [{ content }] } }).replaceAll("/", "\\/"));
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const read = (await parseLargeJson(bytes, limits)) as { object: { attachments: [{ content: string }] } };
    isDone = true;
    expect(turns).toBeGreaterThan(15);
    expect(read.object.attachments[0].content === content).toBe(true);
  });

  it.each([
    ["brackets", "[".repeat(14_000_000)],
    ["numbers", `[${"1,".repeat(7_000_000)}1]`],
    ["empty objects", `[${"{},".repeat(4_000_000)}{}]`],
    ["escaped quotes", `{"object":{"attachments":[{"content":"${'\\"'.repeat(7_000_000)}"}]}}`],
    ["backslashes", `{"a":"${"\\".repeat(14_000_000)}"}`],
    ["spaces", " ".repeat(14_000_000)],
  ])("refuses 14 MB of %s before it parses", async (_name, text) => {
    const bytes = Buffer.from(text);
    const refuse = () =>
      cpuOf(() => expect(parseLargeJson(bytes, { maxBytes: 65_536, maxItems: 100 })).rejects.toThrow());
    expect(await leastCost(MAX_CPU_MS, refuse)).toBeLessThanOrEqual(MAX_CPU_MS);
  });
});
