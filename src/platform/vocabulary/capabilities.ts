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
  const properties = new Map<string, Static<typeof PropertyCapability>>();
  for (const [name, node] of schemaProperties(object)) {
    const known = properties.get(name);
    properties.set(name, {
      ...known,
      ...boundsOf(node, known?.values),
      ...(required.includes(name) ? { required: true as const } : {}),
      ...(capabilities[name] as Static<typeof PropertyCapability> | undefined),
    });
  }
  const min = target?.minItems ?? 0;
  return { targets: { min, max: target?.maxItems ?? (target ? 1 : 0) }, object: Object.fromEntries(properties) };
}

/** Bounds that a schema states; values of alternatives add up. */
function boundsOf(node: SchemaNode, before: readonly string[] = []) {
  const values = [...new Set([...before, ...valuesOf(node)])];
  return {
    ...(values.length > 0 ? { values } : {}),
    ...(node.maxLength === undefined ? {} : { maxLength: node.maxLength }),
    ...(node.maxItems === undefined ? {} : { maxItems: node.maxItems }),
  };
}

function valuesOf(node: SchemaNode): string[] {
  const own = node.enum ?? ("const" in node ? [node.const] : []);
  const alternatives = [...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(valuesOf);
  return [...own.filter((value) => typeof value === "string"), ...alternatives];
}
