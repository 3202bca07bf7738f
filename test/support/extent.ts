/** Whether few repetitions were asked for, by `npm test -- --short`. */
const isShort = process.env.TEST_EXTENT === "few";

/**
 * Chooses how often a test strikes, or how many clients it has.
 * That is what docs/promises.md says, unless few are asked for.
 */
export function repetitions(counts: { readonly few: number; readonly long: number }): number {
  return isShort ? counts.few : counts.long;
}
