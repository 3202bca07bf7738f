/** Position in an archive. Time and digests find the position again when the archive has forgotten the id. */
export interface ArchiveCursor {
  /** Archive's id of the last message. Empty where the archive was empty; undefined where only the time is known. */
  readonly id?: string | undefined;
  /** Time of the last message, or of the first look into the archive. ISO 8601. */
  readonly time?: string | undefined;
  /** Digests of the messages recorded last. */
  readonly digests: readonly string[];
}

/** Tolerated difference of clocks, in ms. Known messages of the overlap are dropped. */
const OVERLAP_MS = 600_000;
/** Overlap in ms before the first message is recorded. Nothing can be recognised then. */
const FIRST_OVERLAP_MS = 60_000;

/** Parses a stored cursor: `id`, a new line and `@time digests`. Either part may be absent. */
export function parseCursor(stored: string): ArchiveCursor {
  const facts = stored.startsWith("@") ? 0 : stored.indexOf("\n@") + 1;
  const [time, ...digests] = (facts > 0 || stored.startsWith("@") ? stored.slice(facts + 1) : "").split(" ");
  return {
    ...(stored.startsWith("@") ? {} : { id: facts > 0 ? stored.slice(0, facts - 1) : stored }),
    ...(time ? { time } : {}),
    digests: digests.filter((digest) => digest !== ""),
  };
}

/** Formats a cursor for the connection state. */
export function formatCursor({ id, time, digests }: ArchiveCursor): string {
  const facts = time === undefined ? "" : [`@${time}`, ...digests].join(" ");
  return id === undefined ? facts : `${id}${facts === "" ? "" : "\n"}${facts}`;
}

/** Returns whether a stored cursor is of an archive. Rooms without an archive have cursors without an id. */
export function isOfArchive(stored: string | undefined): boolean {
  return stored !== undefined && !stored.startsWith("@");
}

/** Returns the time from which to read again, with the overlap. Undefined where no time is known. */
export function overlapStart({ time, digests }: ArchiveCursor): string | undefined {
  const last = Date.parse(time ?? "");
  const overlap = digests.length === 0 ? FIRST_OVERLAP_MS : OVERLAP_MS;
  return Number.isNaN(last) ? undefined : new Date(last - overlap).toISOString();
}
