import type { Wishes } from "../client/document/feed.ts";

/** What is known of the feed's hub (WebSub). */
export interface HubMemory {
  readonly url: string;
  /** What the feed is called there. */
  readonly topic: string;
  /** Unix ms: when it was asked first, and last; how often since it last agreed. */
  readonly since: number;
  readonly asked: number;
  readonly tries: number;
  /** How often it was asked to stop. */
  readonly leaving?: number;
}

/** What a feed's polls leave to the next. Times in Unix ms. */
export interface Memory extends Pick<Wishes, "leastMs" | "skipHours" | "skipDays"> {
  /** Counts documents with something new: a poll that is repeated after a crash brings the same keys again. */
  readonly n: number;
  /** Where the feed moved for good. */
  readonly url?: string;
  /** Exactly as the server gave them. */
  readonly etag?: string;
  readonly modified?: string;
  /** SHA-256 of the last document. */
  readonly hash?: string;
  readonly title?: string;
  /** When a document was last read, when one last brought something. */
  readonly read: number;
  readonly changed: number;
  readonly gapMs?: number;
  readonly newest?: number;
  /** True when something new was found that the hub had not told of. */
  readonly missed?: boolean;
  readonly hub?: HubMemory;
  readonly known: string;
}

/** Reads what a poll left behind; undefined for nothing, and for what another version wrote. */
export function memoryOf(state: string | undefined): Memory | undefined {
  if (state === undefined) return undefined;
  const memory = JSON.parse(state) as Memory;
  return typeof memory.known === "string" && Number.isFinite(memory.read) ? memory : undefined;
}
