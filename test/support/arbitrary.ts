import fc from "fast-check";
import { NAMELESS } from "../../src/model/pattern-classes.ts";

type Schema = Readonly<Record<string, unknown>>;

/**
 * Generates values that mostly fit a JSON Schema of the document. Parts that no generator can follow (`not`, conditions
 * between fields) are left to the test, which validates each value.
 */
export function arbitraryOf(schema: Schema, root: object): fc.Arbitrary<unknown> {
  const inner = (schema: unknown) => arbitraryOf(schema as Schema, root);
  if (typeof schema.$ref === "string") return inner(at(root, schema.$ref));
  if ("const" in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  const choices = schema.oneOf ?? (schema.type === undefined ? schema.anyOf : undefined);
  if (Array.isArray(choices)) return fc.oneof(...choices.map(inner));
  switch (schema.type) {
    case "object":
      return objects(schema, inner);
    case "array":
      return fc.array(inner(schema.items ?? {}), { minLength: (schema.minItems as number) ?? 0, maxLength: 3 });
    case "string":
      return strings(schema);
    case "integer":
    case "number":
      return fc.integer({
        min: (schema.minimum as number) ?? -1_000,
        max: Math.min((schema.maximum as number) ?? 1_000, 1e9),
      });
    case "boolean":
      return fc.boolean();
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objects(schema: Schema, inner: (schema: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const properties = (schema.properties ?? {}) as Record<string, unknown>;
  const model = Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, inner(property)]));
  return fc.record(model, { requiredKeys: (schema.required ?? []) as string[] });
}

function strings({ pattern, format, minLength = 0, maxLength = 40 }: Schema): fc.Arbitrary<string> {
  if (format === "date-time") return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  if (format === "uri") return fc.webUrl();
  if (format === "byte") return fc.base64String();
  if (typeof pattern === "string") return matching(pattern);
  const length = { minLength: minLength as number, maxLength: Math.min(maxLength as number, 60) };
  return fc.string({ ...length, unit: "grapheme" });
}

/** Generates strings of a pattern. A domain in any script is valid by more than its characters, so addresses are plain. */
function matching(pattern: string): fc.Arbitrary<string> {
  if (pattern.includes(NAMELESS)) return fc.emailAddress();
  return fc.stringMatching(new RegExp(pattern, "u"), { size: "-1" });
}

function at(root: object, ref: string): unknown {
  return ref
    .slice(2)
    .split("/")
    .reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], root);
}
