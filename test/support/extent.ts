/** Whether few repetitions were asked for, by `npm test -- --short`. */
const isShort = process.env.TEST_EXTENT === "few";

/**
 * Chooses how often a test strikes, or how many clients or cases it has.
 * That is what docs/promises.md says, unless few are asked for.
 */
export function repetitions<Extent>(extents: { readonly few: Extent; readonly long: Extent }): Extent {
  return isShort ? extents.few : extents.long;
}
