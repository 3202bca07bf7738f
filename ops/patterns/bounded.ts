/** Maximum of all repetitions of an expression together, in characters per start. */
const MAX_STEPS = 1_000;

/**
 * Tells whether an expression costs linear time by its form. Each repetition has a maximum and none contains another,
 * so that a search looks at no more than `MAX_STEPS` characters from each start.
 */
export function isBounded(source: string): boolean {
  // Escapes and classes may hold the signs of repetitions.
  const plain = source.replace(/\\[pPu]\{[^}]*\}|\\./gu, "_").replace(/\[[^\]]*\]/g, "_");
  if (/[*+]|\{\d+,\}/.test(plain)) return false;
  if (/\{[^()]*\)\{|\)[^()]*\)\{/.test(plain)) return false;
  const maxima = [...plain.matchAll(/\{(?:\d+,)?(\d+)\}/g)].map(([, max]) => Number(max));
  return maxima.reduce((sum, max) => sum + max, 0) <= MAX_STEPS;
}
