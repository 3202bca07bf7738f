/** Part of a JSON Schema that the vocabulary reads. */
export interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maximum?: number;
}

/** Lists the properties of an object's schema with those of its alternatives. A name may occur several times. */
export function schemaProperties(node: SchemaNode | undefined): ReadonlyArray<readonly [string, SchemaNode]> {
  if (!node) return [];
  const alternatives = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  return [...Object.entries(node.properties ?? {}), ...alternatives.flatMap(schemaProperties)];
}
