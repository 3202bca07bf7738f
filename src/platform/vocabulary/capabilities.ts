import Type, { type Static } from "typebox";
import { CONTEXT_TYPES } from "../../model/activity.ts";
import type { Platform, Verb } from "../platform.ts";
import { type SchemaNode, schemaProperties } from "./schema-properties.ts";

const PropertyCapability = Type.Object(
  {
    required: Type.Optional(Type.Literal(true)),
    values: Type.Optional(Type.Array(Type.String(), { description: "The accepted values." })),
    maxLength: Type.Optional(Type.Integer({ description: "Characters." })),
    maxItems: Type.Optional(Type.Integer()),
    maximum: Type.Optional(Type.Integer({ description: "Largest number." })),
    as: Type.Optional(
      Type.Enum(["kept", "converted", "plain"], {
        description: "`kept` as posted, `converted` to the network's own form, `plain`: only the text arrives.",
      }),
    ),
    maxBytes: Type.Optional(Type.Integer()),
    mediaTypes: Type.Optional(Type.Array(Type.String())),
    tooLong: Type.Optional(Type.Enum(["split", "refused", "attached"], { description: "Treatment of longer texts." })),
    note: Type.Optional(Type.String({ description: "Restriction as text." })),
  },
  { additionalProperties: false },
);

type PropertyCapability = Static<typeof PropertyCapability>;

/** Capabilities of one platform. Per verb its targets and the properties of `object` that the network keeps. */
export const Capabilities = Type.Object(
  {
    contexts: Type.Array(Type.Enum([...CONTEXT_TYPES]), { description: "Contexts that the verbs distinguish." }),
    verbs: Type.Record(
      Type.String(),
      Type.Object(
        {
          targets: Type.Object({ min: Type.Integer(), max: Type.Integer() }, { additionalProperties: false }),
          object: Type.Record(Type.String(), PropertyCapability),
        },
        { additionalProperties: false },
      ),
    ),
    inbound: Type.Record(Type.String(), Type.Array(Type.String()), {
      description: "Inbound verbs with the properties of their objects.",
    }),
  },
  {
    additionalProperties: false,
    description: "Properties of a platform's outbound and inbound verbs, from the tables that validate.",
  },
);
export type Capabilities = Static<typeof Capabilities>;

/** Derives a platform's capabilities from its schemas and its declared facts. */
export function capabilitiesOf(platform: Platform): Capabilities {
  const { verbs, contexts = [], inbound = {} } = platform;
  return {
    contexts: [...contexts],
    verbs: Object.fromEntries(Object.entries(verbs).map(([name, verb]) => [name, verbCapabilities(verb)])),
    inbound: Object.fromEntries(Object.entries(inbound).map(([verb, terms]) => [verb, [...terms]])),
  };
}

function verbCapabilities({ schema, capabilities = {} }: Verb): Capabilities["verbs"][string] {
  const { target, object } = schema.properties as Record<string, SchemaNode | undefined>;
  const required = object?.required ?? [];
  const properties = new Map<string, PropertyCapability>();
  for (const [name, node] of schemaProperties(object)) {
    properties.set(name, {
      ...boundsOf(node, properties.get(name)),
      ...(required.includes(name) ? { required: true as const } : {}),
      ...(capabilities[name] as PropertyCapability | undefined),
    });
  }
  const min = target?.minItems ?? 0;
  return { targets: { min, max: target?.maxItems ?? (target ? 1 : 0) }, object: Object.fromEntries(properties) };
}

/** Bounds that a schema states. Those of alternatives add up to the widest: `known` is from the ones before. */
function boundsOf(node: SchemaNode, known: PropertyCapability = {}): PropertyCapability {
  const values = [...new Set([...(known.values ?? []), ...valuesOf(node)])];
  return {
    ...(values.length > 0 ? { values } : {}),
    ...larger("maxLength", node, known),
    ...larger("maxItems", node, known),
    ...larger("maximum", node, known),
  };
}

function larger(name: "maxLength" | "maxItems" | "maximum", node: SchemaNode, known: PropertyCapability) {
  const bounds = [node[name], known[name]].filter((bound) => bound !== undefined);
  return bounds.length > 0 ? { [name]: Math.max(...bounds) } : {};
}

function valuesOf(node: SchemaNode): string[] {
  const own = node.enum ?? ("const" in node ? [node.const] : []);
  const alternatives = [...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(valuesOf);
  return [...own.filter((value) => typeof value === "string"), ...alternatives];
}
