/** Returns the partition of a text, from 0 to `partitions - 1` (FNV-1a). */
export function partitionOf(text: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % partitions;
}
