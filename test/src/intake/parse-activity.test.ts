import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import Type from "typebox";
import { describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../src/intake/attachment-contents.ts";
import { fingerprint } from "../../../src/intake/fingerprint.ts";
import { parseActivity } from "../../../src/intake/parse-activity.ts";
import { Actor, Attachment, Target } from "../../../src/model/activity.ts";
import { Failure } from "../../../src/model/failure.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { definePlatform, defineVerb } from "../../../src/platform/platform.ts";

const Send = Type.Object(
  {
    actor: Actor,
    target: Type.Array(Target, { minItems: 1, maxItems: 3 }),
    object: Type.Object(
      { body: Type.Optional(Type.String()), attachments: Type.Optional(Type.Array(Attachment)) },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
const platform = definePlatform({
  id: "email",
  title: "E-mail",
  aliases: ["smtp"],
  needsAccount: false,
  lifetimeSeconds: 100,
  verbs: {
    send: defineVerb({
      summary: "",
      schema: Send,
      example: { actor: { address: "a" }, target: [{ address: "b" }], object: {} },
      run: async () => ({ outcomes: [] }),
    }),
  },
  validate: (_verb, activity) =>
    activity.target[0]?.address === "stranger"
      ? ({
          code: "recipient-not-reachable",
          detail: "Write only to people who wrote to you.",
          pointer: "/target/0/address",
        } as const)
      : undefined,
  classifyError: () => new Failure({ kind: "permanent", code: "internal-error", detail: "" }),
});
const find = (name: string) => (name === "email" || name === "smtp" ? platform : undefined);
const NOW = Date.parse("2026-11-22T12:00:00Z");
const read = (posted: unknown) => parseActivity(find, posted, NOW);
const good = {
  rid: "r1",
  platform: "email",
  verb: "send",
  actor: { address: "bob" },
  target: { address: "foo" },
  object: { body: "Hi" },
};

async function refusal(posted: unknown): Promise<Refusal> {
  try {
    await read(posted);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("was not refused");
}

describe("parseActivity", () => {
  it("accepts one target or a list, text for body, aliases, and PHP's empty lists", async () => {
    const { activity } = await read(good);
    expect(activity).toEqual({
      platform: "email",
      verb: "send",
      actor: { address: "bob" },
      target: [{ address: "foo" }],
      object: { body: "Hi" },
    });
    const other = { ...good, platform: "smtp", target: [{ address: "foo" }], object: { text: "Hi" }, options: [] };
    expect((await read(other)).activity).toEqual({ ...activity, options: {} });
    expect((await read({ ...good, object: [] })).activity.object).toEqual({});
  });

  it("fingerprints the meaning, not the spelling", async () => {
    const { rid: _, ...rest } = good;
    const turned = Object.fromEntries(Object.entries({ ...rest, rid: "other" }).reverse());
    const { fingerprint: digest } = await read(good);
    expect((await read(turned)).fingerprint).toBe(digest);
    expect((await read({ ...good, object: { body: "Ho" } })).fingerprint).not.toBe(digest);
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), async (first, other) => {
        const isSame = (await fingerprint(first)) === (await fingerprint(other));
        expect(isSame).toBe((await fingerprint({ x: first })) === (await fingerprint({ x: other })));
      }),
    );
  });

  it("fingerprints long texts as the JSON of the whole has them", async () => {
    const text = `${"€\n😀".repeat(200_000)}"`;
    const whole = createHash("sha256")
      .update(`{"a":[1,null],"b":${JSON.stringify(text)}}`)
      .digest("base64url");
    expect(await fingerprint({ b: text, a: [1, null] })).toBe(whole);
  });

  it.each([
    ["no platform", { ...good, platform: undefined }, "validation-failed", "/platform"],
    ["an unknown platform", { ...good, platform: "pigeon" }, "platform-unknown", "/platform"],
    ["a platform that objects inherit", { ...good, platform: "toString" }, "platform-unknown", "/platform"],
    ["an unknown verb", { ...good, verb: "shout" }, "verb-not-supported", "/verb"],
    ["a verb that objects inherit", { ...good, verb: "constructor" }, "verb-not-supported", "/verb"],
    ["a wrong type", { ...good, actor: "bob" }, "validation-failed", "/actor"],
    ["no actor", { ...good, actor: undefined }, "validation-failed", "/actor"],
    ["a lone target without address", { ...good, target: { name: "Foo" } }, "validation-failed", "/target/address"],
    [
      "a listed target without address",
      { ...good, target: [{ address: "a" }, {}] },
      "validation-failed",
      "/target/1/address",
    ],
    ["no target", { ...good, target: [] }, "validation-failed", "/target"],
    ["a wrong text", { ...good, object: { text: 5 } }, "validation-failed", "/object/text"],
    ["a bad rid", { ...good, rid: "a b" }, "validation-failed", "/rid"],
    ["an rid that is no whole number", { ...good, rid: 1.5 }, "validation-failed", "/rid"],
    ["an unknown property", { ...good, subject: "Hi" }, "validation-failed", ""],
    ["an unknown option", { ...good, options: { soon: true } }, "validation-failed", "/options"],
    ["a time that is none", { ...good, options: { sendAt: "tomorrow" } }, "validation-failed", "/options/sendAt"],
    [
      "a time too far ahead",
      { ...good, options: { sendAt: "2028-01-01T00:00:00Z" } },
      "validation-failed",
      "/options/sendAt",
    ],
    ["a lifetime too long", { ...good, options: { expiresIn: 2_592_001 } }, "validation-failed", "/options/expiresIn"],
    [
      "an attachment that is a file path",
      { ...good, object: { attachments: [{ name: "a", path: "/etc/passwd" }] } },
      "validation-failed",
      "/object/attachments/0",
    ],
    [
      "an attachment with nothing",
      { ...good, object: { attachments: [{ name: "a" }] } },
      "validation-failed",
      "/object/attachments/0",
    ],
    [
      "a recipient the network does not allow",
      { ...good, target: { address: "stranger" } },
      "recipient-not-reachable",
      "/target/address",
    ],
  ])("refuses %s with a pointer", async (_what, posted, code, pointer) => {
    const refused = await refusal(posted);
    expect(refused.code).toBe(code);
    expect(refused.errors?.[0]?.pointer).toBe(pointer);
  });

  it("names the rid in a refusal only when valid", async () => {
    expect((await refusal({ ...good, verb: "shout" })).rid).toBe("r1");
    expect((await refusal({ ...good, rid: "<script>", verb: "shout" })).rid).toBeUndefined();
  });

  it.each([[null], [5], ["x"], [true]])("refuses %j, which is not an object", async (posted) => {
    expect((await refusal(posted)).code).toBe("validation-failed");
  });

  it("separates attachment contents and bounds them", async () => {
    const content = Buffer.from("la la la").toString("base64");
    const { activity, blobs } = await read({ ...good, object: { attachments: [{ name: "song.txt", content }] } });
    expect(activity.object.attachments).toEqual([{ name: "song.txt" }]);
    expect(blobs.get("0")?.toString()).toBe("la la la");
    const eleven = Buffer.alloc(11 * 1024 * 1024).toString("base64");
    const tooLarge = await refusal({ ...good, object: { attachments: [{ name: "big", content: eleven }] } });
    expect(tooLarge.code).toBe("payload-too-large");
  });

  it("decodes contents in lines as Node decodes the whole", async () => {
    const lengths = fc.integer({ min: 600_000, max: 600_010 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 1, max: 100 }), async (length, lineLength) => {
        const text = randomBytes(length).toString("base64");
        const lines = text.match(new RegExp(`.{1,${lineLength}}`, "g"))?.join("\r\n") ?? "";
        expect((await decodeBase64(lines)).equals(Buffer.from(text, "base64"))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("lets others run often while it reads the largest attachment", async () => {
    const content = randomBytes(10 * 1024 * 1024).toString("base64");
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await read({ ...good, object: { attachments: [{ name: "big", content }] } });
    isDone = true;
    // One turn for each quarter of a megabyte: checked, decoded and digested.
    expect(turns).toBeGreaterThan(120);
    const spoilt = await refusal({
      ...good,
      object: { attachments: [{ name: "big", content: `${content.slice(0, -9)}!` }] },
    });
    expect(spoilt.errors).toEqual([{ pointer: "/object/attachments/0/content", detail: "must be base64" }]);
  });

  it("throws refusals only, and never repeats the input", async () => {
    const marker = "CNRYmarker";
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.constantFrom("rid", "platform", "verb", "actor", "target", "object", "options", marker),
          fc.jsonValue(),
        ),
        async (patch) => {
          try {
            await read({ ...good, ...patch, ...(Object.keys(patch).length === 0 ? { [marker]: marker } : {}) });
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal);
            expect(JSON.stringify([(error as Refusal).message, (error as Refusal).errors])).not.toContain(marker);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
