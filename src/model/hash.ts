/** Spreads texts evenly over 0 to `most - 1`, always the same way (FNV-1a). */
export function partitionOf(text: string, most: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % most;
}
