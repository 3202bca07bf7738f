import Type, { type Static, type TSchema } from "typebox";

/** Returns the reference to a named schema of the document. */
export function refTo(name: string): string {
  return `#/components/schemas/${name}`;
}

/**
 * Returns a choice of named schemas with the property that tells them apart.
 * Readers and generators look the schema up instead of trying all. `mapping` has schema names by the property's values.
 */
export function discriminated<Choice extends TSchema>(
  propertyName: string,
  mapping: Readonly<Record<string, string>>,
  choices: readonly Choice[],
  description?: string,
) {
  const refs = Object.fromEntries(Object.entries(mapping).map(([value, name]) => [value, refTo(name)]));
  return Type.Unsafe<Static<Choice>>({
    ...(description === undefined ? {} : { description }),
    type: "object",
    oneOf: [...choices],
    discriminator: { propertyName, mapping: refs },
  });
}
