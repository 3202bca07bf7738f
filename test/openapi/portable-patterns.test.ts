import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openapiDocument } from "../../openapi/document.ts";
import { CONTROLS, NAMELESS, SEPARATORS, WHITE_SPACE } from "../../src/model/pattern-classes.ts";
import { platforms } from "../../src/platforms/index.ts";
import { examplesOf } from "../support/openapi-examples.ts";

const document = openapiDocument({ platforms: platforms({}), version: "1.2.3", basePath: "/gateway" });
const patterns = [...new Set(patternsIn(document))];

/** Texts that tell patterns' readings apart. Scripts, planes, spaces, controls, punctuation and plain values. */
const SAMPLES = [
  ..."aZ09._-@~:+#&!/\\[]{}|^`'\"<>,; \t\r\u0000\u007f\u0085\u00a0\u00ad\u00df\u00e9\u0130\u0301\u0430\u0660\u0915",
  ..."\u200b\u200f\u2028\u2029\u202e\u3000\u3002\u4e2d\ufeff\ufffd\ufffe\uffff",
  ..."𝐀😀𠀀",
].flatMap((character) => [character, `a${character}b`, `bob@exa${character}mple.com`, `#${character}`]);
const VALUES = ["", "..", "...", ".a", "0", "12345678", "wait=3", "public", "older:1", "http://a", "x/y", "acct:a@b.c"];

/** Asks Python's `re`, as JSON Schema tools do, which samples each pattern accepts. */
const PYTHON = `
import json, re, sys
asked = json.load(sys.stdin)
print(json.dumps([[bool(re.search(p, s)) for s in asked["samples"]] for p in asked["patterns"]]))`;

/** Validates activities by the document's own schemas, as a Python tool does. */
const VALIDATE = `
import json, sys
from jsonschema import Draft202012Validator
asked = json.load(sys.stdin)
Draft202012Validator.check_schema(asked["schema"])
validator = Draft202012Validator(asked["schema"])
print(json.dumps([[error.message for error in validator.iter_errors(value)] for value in asked["values"]]))`;

describe("the patterns of the document", () => {
  it("use nothing beyond what JSON Schema asks of every implementation", () => {
    expect(patterns.length).toBeGreaterThan(40);
    // Known escapes are removed first: what is left must be no escape, and no group but a plain one.
    const beyond = patterns.filter((pattern) =>
      /\\|\(\?[^:]/.test(pattern.replace(/\\u(?!d[89a-f])[0-9a-f]{4}|\\[^A-Za-z0-9]/gi, "")),
    );
    expect(beyond).toEqual([]);
  });

  it("mean the same in JavaScript with and without Unicode mode, and in Python", async () => {
    const samples = [...SAMPLES, ...VALUES];
    const python = await runPython(PYTHON, { patterns, samples });
    for (const [index, pattern] of patterns.entries()) {
      const byFlags = (flags: string) => samples.map((sample) => new RegExp(pattern, flags).test(sample));
      expect(byFlags(""), pattern).toEqual(byFlags("u"));
      expect((python as boolean[][])[index], pattern).toEqual(byFlags("u"));
    }
  });

  it("let a Python validator take every example, and refuse what the gateway refuses", async () => {
    const values = examplesOf(document, "/activities");
    const wrong = { ...(values[0] as object), actor: { address: "bob @example.com" } };
    const schema = { $ref: "#/components/schemas/Activity", components: document.components };
    const errors = (await runPython(VALIDATE, { schema, values: [...values, wrong] })) as string[][];
    expect(errors.slice(0, -1)).toEqual(values.map(() => []));
    expect(errors.at(-1)).not.toEqual([]);
  });
});

describe("the classes of the patterns", () => {
  it("equal the Unicode classes that they replace", () => {
    for (const [ours, unicode] of [
      [CONTROLS, "\\p{Cc}"],
      [SEPARATORS, "\\p{Z}"],
      [WHITE_SPACE, "\\s"],
    ]) {
      const differs = differences(new RegExp(`[${ours}]`, "u"), new RegExp(`[${unicode}]`, "u"));
      expect(differs, unicode).toEqual([]);
    }
  });

  it("leave every letter, digit and mark to names", () => {
    const nameless = new RegExp(`[${NAMELESS}]`, "u");
    const name = /[\p{L}\p{N}\p{M}]/u;
    expect(everyCharacter().filter((character) => name.test(character) && nameless.test(character))).toEqual([]);
    expect([..."\u0085\u00a0\u200b\u202e\u2028\u3002\uff0e\uff61\ufeff"].every((one) => nameless.test(one))).toBe(true);
  });
});

function patternsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "pattern" in value && typeof value.pattern === "string" ? [value.pattern] : [];
  return [...own, ...Object.values(value).flatMap(patternsIn)];
}

async function runPython(script: string, input: object): Promise<unknown> {
  const child = promisify(execFile)("python3", ["-c", script], { maxBuffer: 64 * 1024 * 1024 });
  child.child.stdin?.end(JSON.stringify(input));
  return JSON.parse((await child).stdout);
}

function everyCharacter(): string[] {
  const codes = Array.from({ length: 0x110000 }, (_, code) => code);
  return codes.filter((code) => code < 0xd800 || code > 0xdfff).map((code) => String.fromCodePoint(code));
}

function differences(one: RegExp, other: RegExp): string[] {
  return everyCharacter().filter((character) => one.test(character) !== other.test(character));
}
