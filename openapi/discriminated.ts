import Type, { type Static, type TSchema } from "typebox";

/** Returns the reference to a named schema of the document. */
export function refTo(name: string): string {
  return `#/components/schemas/${name}`;
}

/**
 * Returns a choice of named schemas that one of their properties tells apart. Readers and generators find the schema of a
 * value by it, instead of trying one after another. `mapping` has the schema's name by the property's value.
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
