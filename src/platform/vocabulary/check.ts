import type { TSchema } from "typebox";
import { validationErrors } from "../../model/validate.ts";
import { Context } from "./entities.ts";
import { type SchemaNode, schemaProperties } from "./schema-properties.ts";
import { isTerm, TERMS } from "./terms.ts";
import { canonicalVerb } from "./verbs.ts";

/**
 * Lists where a verb's schema leaves the vocabulary. Unknown verbs, unknown object properties, other JSON types.
 * A property named after the platform (`namespaces`: its id and aliases) holds what only that network has.
 */
export function schemaIssues(namespaces: readonly string[], verb: string, schema: TSchema): string[] {
  const canonical = canonicalVerb(verb);
  if (!canonical) return [`verb ${verb} is not in the vocabulary`];
  const object = (schema as SchemaNode).properties?.object;
  return schemaProperties(object).flatMap(([name, node]) => {
    if (namespaces.includes(name)) return [];
    if (!isTerm(name)) return [`${verb}: object.${name} is not a term`];
    if (!(canonical.object as readonly string[]).includes(name))
      return [`${verb}: object.${name} does not belong to the verb`];
    const wrong = typesOf(node).filter((type) => !accepts(TERMS[name].schema as SchemaNode, type));
    return wrong.map((type) => `${verb}: object.${name} is ${type}, not as the term says`);
  });
}

/** Lists where the object of a result or of an inbound event leaves the vocabulary. Items of collections included. */
export function objectIssues(namespaces: readonly string[], object: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(object).flatMap(([name, value]) => {
    if (namespaces.includes(name)) return [];
    if (!isTerm(name)) return [`object.${name} is not a term`];
    const wrong = validationErrors(TERMS[name].schema, value).map(
      ({ pointer, detail }) => `object.${name}${pointer} ${detail}`,
    );
    return [...wrong, ...itemIssues(namespaces, name, value)];
  });
}

/** Lists where an inbound event leaves the vocabulary: its verb, its object and its context. */
export function eventIssues(
  namespaces: readonly string[],
  event: { readonly verb: string; readonly object: Readonly<Record<string, unknown>>; readonly context?: unknown },
): string[] {
  const known = canonicalVerb(event.verb)?.inbound === true ? [] : [`${event.verb} is not an inbound verb`];
  const context =
    event.context === undefined
      ? []
      : validationErrors(Context, event.context).map(({ pointer, detail }) => `context${pointer} ${detail}`);
  return [...known, ...context, ...objectIssues(namespaces, event.object)];
}

/** Items are persons, rooms, messages or activities. Each has an object of terms or is such an object. */
function itemIssues(namespaces: readonly string[], name: string, value: unknown): string[] {
  if (name !== "items" || !Array.isArray(value)) return [];
  return value.flatMap((item: unknown, index) => {
    if (!isRecord(item)) return [`object.items/${index} is not an object`];
    const issues = isRecord(item.object)
      ? objectIssues(namespaces, item.object)
      : objectIssues([...namespaces, "address", "type"], item);
    return issues.map((issue) => `items/${index}: ${issue}`);
  });
}

/** JSON types that a schema lets through; none where it says nothing. */
function typesOf(node: SchemaNode): string[] {
  const alternatives = [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  if (alternatives.length > 0) return [...new Set(alternatives.flatMap(typesOf))];
  if (typeof node.type === "string") return [node.type];
  if (Array.isArray(node.type)) return [...(node.type as readonly string[])];
  const values = node.enum ?? ("const" in node ? [node.const] : []);
  return [...new Set(values.map((value) => typeof value))];
}

function accepts(term: SchemaNode, type: string): boolean {
  const types = typesOf(term);
  return types.length === 0 || types.includes(type) || (type === "integer" && types.includes("number"));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
