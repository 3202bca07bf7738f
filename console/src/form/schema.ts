import type { Schema } from "../parts/platforms.ts";

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** Returns whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Kind of a form field. */
export type FieldKind =
  | "choice"
  | "text"
  | "secret"
  | "long-text"
  | "number"
  | "flag"
  | "list"
  | "object"
  | "fixed"
  | "json";

const SECRET = /pass(word|phrase)?$|secret|token$|privateKey/i;
const LONG = /^(body|html|markdown|text|note|ca|privateKey)$/;

/** Returns the schema that a form uses: of alternatives the one that takes most. */
export function usedSchema(schema: Schema): Schema {
  const alternatives = (schema.anyOf ?? schema.oneOf ?? []).filter(
    ({ type, properties }) => type !== undefined || properties !== undefined,
  );
  if (schema.type !== undefined || alternatives.length === 0) return schema;
  const list = alternatives.find(({ type }) => type === "array");
  return {
    ...(list ?? alternatives[0]),
    ...(schema.description === undefined ? {} : { description: schema.description }),
  };
}

/** Returns the values that a schema enumerates; undefined for a schema that takes other values too. */
export function choicesOf(schema: Schema): readonly string[] | undefined {
  const alternatives = schema.anyOf ?? schema.oneOf ?? [];
  const values = schema.enum ?? alternatives.map((alternative) => alternative.const);
  if (values.length === 0 || !values.every((value) => typeof value === "string")) return undefined;
  return values as readonly string[];
}

/** Returns the kind of field for a property. */
export function fieldKind(name: string, schema: Schema): FieldKind {
  if (schema.const !== undefined) return "fixed";
  if (choicesOf(schema) !== undefined) return "choice";
  const { type, properties, items } = usedSchema(schema);
  if (type === "boolean") return "flag";
  if (type === "integer" || type === "number") return "number";
  if (type === "array") return items === undefined ? "json" : "list";
  if (type === "object") return properties === undefined ? "json" : "object";
  if (type !== "string") return "json";
  if (LONG.test(name)) return "long-text";
  return SECRET.test(name) ? "secret" : "text";
}

/** Returns the value without empty texts, lists and objects. Forms keep them, requests do not. */
export function withoutEmpty(value: Json): Json | undefined {
  if (Array.isArray(value)) {
    const items = value.map(withoutEmpty).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (isObject(value)) {
    const entries = Object.entries(value).flatMap(([name, member]) => {
      const kept = withoutEmpty(member);
      return kept === undefined ? [] : [[name, kept] as const];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  return value === "" || value === null ? undefined : value;
}
