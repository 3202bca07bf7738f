/** Returns an object with the given property, or an empty object for an undefined value. */
export function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [Name in Key]?: Value } {
  const present = value === undefined ? {} : { [key]: value };
  return present as { readonly [Name in Key]?: Value };
}
