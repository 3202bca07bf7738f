import { visit } from "jsonc-parser";

/** Why a text was not taken as JSON; `detail` never repeats the text. */
export class MalformedJson extends Error {}

/** Maximum nesting, checked before any recursive code sees the value. */
const MAX_DEPTH = 32;
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Parses JSON from strangers (RFC 8259). Refuses nesting deeper than 32, repeated keys (parsers disagree on them),
 * keys that pollute prototypes, numbers beyond what JavaScript keeps, and unpaired surrogates. Throws `MalformedJson`.
 */
export function parseJson(text: string): unknown {
  inspect(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new MalformedJson("The body is not valid JSON.");
  }
}

function inspect(text: string): void {
  const open: Array<Set<string> | undefined> = [];
  const enter = (names?: Set<string>) => {
    if (open.push(names) > MAX_DEPTH) throw new MalformedJson(`The JSON is nested deeper than ${MAX_DEPTH}.`);
  };
  const wellFormed = (value: string) => {
    if (!value.isWellFormed()) throw new MalformedJson("A string holds half of a surrogate pair.");
  };
  visit(
    text,
    {
      onObjectBegin: () => enter(new Set()),
      onArrayBegin: () => enter(),
      onObjectEnd: () => void open.pop(),
      onArrayEnd: () => void open.pop(),
      onObjectProperty: (name) => {
        wellFormed(name);
        const names = open.at(-1);
        if (FORBIDDEN_KEYS.has(name)) throw new MalformedJson("An object has a key that is not allowed.");
        if (names?.has(name)) throw new MalformedJson("An object has the same key twice.");
        names?.add(name);
      },
      onLiteralValue: (value: unknown) => {
        if (typeof value === "string") wellFormed(value);
        if (typeof value === "number" && !Number.isFinite(value)) throw new MalformedJson("A number is too large.");
      },
      onError: () => {
        throw new MalformedJson("The body is not valid JSON.");
      },
    },
    { disallowComments: true, allowTrailingComma: false },
  );
}

/** Decodes UTF-8 strictly: anything else is refused rather than turned into replacement characters. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new MalformedJson("The body is not UTF-8.");
  }
}
