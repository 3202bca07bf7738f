/** Whether all repetitions were asked for, by `npm test -- --long`. */
const isLong = process.env.TEST_EXTENT === "long";

/**
 * Chooses how often a test strikes, or how many clients it has. Each `npm test` does so a few times, and the long one, which CI
 * runs, as often as docs/promises.md says.
 */
export function repetitions(counts: { readonly few: number; readonly long: number }): number {
  return isLong ? counts.long : counts.few;
}
