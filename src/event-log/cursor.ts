/** A position in an app's event log: the last entry that was read. */
export interface Cursor {
  readonly epoch: string;
  /** Redis Stream id, `<ms>-<seq>`. */
  readonly id: string;
}

const CURSOR = /^([A-Za-z0-9_-]{1,24})\.((?:0|[1-9]\d{0,14})-(?:0|[1-9]\d{0,19}))$/;

/** Writes a cursor as listeners see it: `<epoch>.<ms>-<seq>`, opaque, at most 64 ASCII characters. */
export function formatCursor(epoch: string, id: string): string {
  return `${epoch}.${id}`;
}

/** Reads a listener's cursor; undefined for text that `formatCursor` can't have written. */
export function parseCursor(text: string): Cursor | undefined {
  const match = text.length <= 64 ? CURSOR.exec(text) : null;
  return match ? { epoch: match[1] as string, id: match[2] as string } : undefined;
}

/** Orders Redis Stream ids: negative when `a` is the older. Compares digits, since a sequence may exceed 2^53. */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  const dashA = a.indexOf("-");
  const dashB = b.indexOf("-");
  return compareDigits(a.slice(0, dashA), b.slice(0, dashB)) || compareDigits(a.slice(dashA + 1), b.slice(dashB + 1));
}

function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
