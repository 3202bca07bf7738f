import type { OpenAPIV3_1 } from "openapi-types";
import type { TSchema } from "typebox";
import { refTo } from "./discriminated.ts";

/** A JSON Schema as the document holds it. */
export type Schema = OpenAPIV3_1.SchemaObject | OpenAPIV3_1.ReferenceObject;

/** Puts schemas into the document's form. Plain JSON, where what has a name is referred to instead of repeated. */
export interface SchemaSerializer {
  readonly schema: (schema: TSchema) => Schema;
  /** A schema by its name. */
  readonly ref: (name: string) => OpenAPIV3_1.ReferenceObject;
  /** Those that something refers to, in the order in which they were named. */
  readonly components: () => Record<string, OpenAPIV3_1.SchemaObject>;
}

/** A writer that knows these schemas by name; equal ones are found wherever they occur. */
export function schemaSerializer(named: Readonly<Record<string, TSchema>>): SchemaSerializer {
  const names = new Map(Object.entries(named).map(([name, schema]) => [JSON.stringify(schema), name]));
  const used = new Map<string, unknown>();
  const reference = (name: string) => {
    if (!used.has(name)) {
      used.set(name, undefined);
      used.set(name, written(named[name] as TSchema, inside));
    }
    return { $ref: refTo(name) };
  };
  const inside = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    const name = names.get(JSON.stringify(value));
    return name === undefined ? written(value, inside) : reference(name);
  };
  return {
    schema: (schema) => inside(schema) as Schema,
    ref: (name) => {
      if (named[name] === undefined) throw new RangeError(`no schema is called ${name}`);
      return reference(name);
    },
    components: () => {
      const inOrder = Object.keys(named).filter((name) => used.has(name));
      return Object.fromEntries(inOrder.map((name) => [name, used.get(name) as OpenAPIV3_1.SchemaObject]));
    },
  };
}

/** One level of a schema. A choice of constants becomes an `enum`, which readers and generators understand better. */
function written(value: object, inside: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(inside);
  const { anyOf, ...rest } = value as { readonly anyOf?: readonly unknown[] } & Record<string, unknown>;
  if (anyOf?.every(isConstant)) return { ...rest, type: anyOf[0]?.type, enum: anyOf.map((one) => one.const) };
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inside(one)]));
}

function isConstant(value: unknown): value is { readonly type: string; readonly const: string } {
  return typeof (value as { const?: unknown } | null)?.const === "string";
}
