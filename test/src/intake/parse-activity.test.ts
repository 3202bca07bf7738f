import fc from "fast-check";
import Type from "typebox";
import { describe, expect, it } from "vitest";
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

function refusal(posted: unknown): Refusal {
  try {
    read(posted);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("was not refused");
}

describe("reading an activity", () => {
  it("takes one target or a list, text for body, aliases, and PHP's empty lists", () => {
    const { activity } = read(good);
    expect(activity).toEqual({
      platform: "email",
      verb: "send",
      actor: { address: "bob" },
      target: [{ address: "foo" }],
      object: { body: "Hi" },
    });
    expect(
      read({ ...good, platform: "smtp", target: [{ address: "foo" }], object: { text: "Hi" }, options: [] }).activity,
    ).toEqual({ ...activity, options: {} });
    expect(read({ ...good, object: [] }).activity.object).toEqual({});
  });

  it("fingerprints what is asked, not how it is written", () => {
    const { rid: _, ...rest } = good;
    const turned = Object.fromEntries(Object.entries({ ...rest, rid: "other" }).reverse());
    expect(read(turned).fingerprint).toBe(read(good).fingerprint);
    expect(read({ ...good, object: { body: "Ho" } }).fingerprint).not.toBe(read(good).fingerprint);
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (first, other) => {
        expect(fingerprint(first) === fingerprint(other)).toBe(fingerprint({ x: first }) === fingerprint({ x: other }));
      }),
    );
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
  ])("refuses %s and points at it", (_what, posted, code, pointer) => {
    const refused = refusal(posted);
    expect(refused.code).toBe(code);
    expect(refused.errors?.[0]?.pointer).toBe(pointer);
  });

  it("names the rid in a refusal only when it is usable", () => {
    expect(refusal({ ...good, verb: "shout" }).rid).toBe("r1");
    expect(refusal({ ...good, rid: "<script>", verb: "shout" }).rid).toBeUndefined();
  });

  it.each([[null], [5], ["x"], [true]])("refuses %j, which is no object", (posted) => {
    expect(refusal(posted).code).toBe("validation-failed");
  });

  it("keeps attachment contents apart and bounds them", () => {
    const content = Buffer.from("la la la").toString("base64");
    const { activity, blobs } = read({ ...good, object: { attachments: [{ name: "song.txt", content }] } });
    expect(activity.object.attachments).toEqual([{ name: "song.txt" }]);
    expect(blobs.get("0")?.toString()).toBe("la la la");
    const eleven = Buffer.alloc(11 * 1024 * 1024).toString("base64");
    expect(refusal({ ...good, object: { attachments: [{ name: "big", content: eleven }] } }).code).toBe(
      "payload-too-large",
    );
  });

  it("never throws anything but a refusal, and never repeats the input", () => {
    const marker = "CNRYmarker";
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom("rid", "platform", "verb", "actor", "target", "object", "options", marker),
          fc.jsonValue(),
        ),
        (patch) => {
          try {
            read({ ...good, ...patch, ...(Object.keys(patch).length === 0 ? { [marker]: marker } : {}) });
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
