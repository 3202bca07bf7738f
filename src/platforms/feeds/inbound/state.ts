import type { PublisherHints } from "../client/document/jobs.ts";

/** State of a feed's WebSub subscription. Times in Unix ms. */
export interface HubState {
  readonly url: string;
  /** The feed's address at the hub. */
  readonly topic: string;
  /** Times of the first and the last request to subscribe. */
  readonly since: number;
  readonly asked: number;
  /** Requests since the hub last agreed. */
  readonly tries: number;
  /** Requests to unsubscribe. */
  readonly leaving?: number;
}

/** State that a feed's poll leaves to the next. Times in Unix ms. */
export interface FeedState extends Pick<PublisherHints, "leastMs" | "skipHours" | "skipDays"> {
  /** Number of documents read; a poll repeated after a crash makes the same keys. */
  readonly n: number;
  /** Target of a permanent move. */
  readonly url?: string;
  /** Validators exactly as the server gave them. */
  readonly etag?: string;
  readonly modified?: string;
  /** SHA-256 of the last document. */
  readonly hash?: string;
  readonly title?: string;
  /** Times when a document was last read, and when one last had new entries. */
  readonly read: number;
  readonly changed: number;
  readonly gapMs?: number;
  readonly newest?: number;
  /** True when a poll found new entries that the hub had not announced. */
  readonly missed?: boolean;
  readonly hub?: HubState;
  /** Packed `SeenEntries`. */
  readonly known: string;
}

/** Parses a stored state; undefined without one, and for that of another version. */
export function parseState(json: string | undefined): FeedState | undefined {
  if (json === undefined) return undefined;
  // Answers 410 are counted until another answer comes.
  const { gone: _, ...state } = JSON.parse(json) as FeedState & { readonly gone?: unknown };
  return typeof state.known === "string" && Number.isFinite(state.read) ? state : undefined;
}
