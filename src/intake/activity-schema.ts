import Type, { type TObject, type TSchema } from "typebox";
import { Envelope, Options } from "../model/activity.ts";
import type { Platform } from "../platform/platform.ts";
import { PostedContext } from "./canonical-form.ts";

/**
 * What an app may post for one verb of a platform, as one JSON Schema. The verb's own schema in its envelope, and, as
 * `normalize` takes it, one target in place of a list of one. For readers and forms; `parseActivity` is what decides.
 */
export function postedSchema(platform: Platform, verb: string): TObject {
  const own = platform.verbs[verb];
  if (own === undefined) throw new RangeError("The platform has no such verb");
  const { target, context: _, ...parts } = own.schema.properties as Record<string, TSchema>;
  const required = new Set((own.schema as { readonly required?: readonly string[] }).required ?? []);
  const names = [platform.id, ...(platform.aliases ?? [])];
  const wrapped = Object.entries({ ...parts, ...(target === undefined ? {} : { target: oneOrMore(target) }) });
  return Type.Object(
    {
      rid: Envelope.properties.rid,
      platform: names.length === 1 ? Type.Literal(platform.id) : Type.Union(names.map((name) => Type.Literal(name))),
      verb: Type.Literal(verb),
      ...Object.fromEntries(
        wrapped.map(([name, schema]) => [name, required.has(name) ? schema : Type.Optional(schema)]),
      ),
      context: Type.Optional(PostedContext),
      options: Type.Optional(Options),
    },
    { additionalProperties: false, description: own.summary },
  );
}

/** The verb's example as an app posts it. */
export function postedExample(platform: Platform, verb: string): Record<string, unknown> {
  const { target, ...parts } = (platform.verbs[verb]?.example ?? {}) as Record<string, unknown>;
  const single = Array.isArray(target) && target.length === 1 ? target[0] : target;
  return { platform: platform.id, verb, ...parts, ...(target === undefined ? {} : { target: single }) };
}

function oneOrMore(target: TSchema): TSchema {
  const { items } = target as { readonly items?: TSchema };
  return items === undefined ? target : Type.Union([items, target]);
}
