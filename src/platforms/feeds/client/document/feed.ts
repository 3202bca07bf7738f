import type { ListedAttachment } from "../../../../platform/vocabulary/vocabulary.ts";

/** An entry in the terms of the vocabulary. Texts and lists are bounded; addresses are complete http or https ones. */
export interface Entry {
  /** The feed's own id, else the entry's address, else a hash of its texts. */
  readonly id: string;
  readonly title?: string;
  readonly url?: string;
  /** ISO 8601 in UTC, as are all times here. */
  readonly published?: string;
  readonly updated?: string;
  readonly author?: { readonly name?: string; readonly url?: string; readonly address?: string };
  /** As the feed has it: not sanitised. */
  readonly html?: string;
  readonly body?: string;
  readonly summary?: string;
  readonly attachments?: readonly ListedAttachment[];
  readonly tags?: readonly string[];
  /** True when `html` was left out, or `body` cut, to keep the result's size. */
  readonly htmlTruncated?: true;
  readonly bodyTruncated?: true;
}

export type Format = "rss" | "atom" | "rdf" | "json";

/** A feed's description of itself. */
export interface FeedMeta {
  readonly format: Format;
  readonly title?: string;
  readonly description?: string;
  /** The page that the feed belongs to. */
  readonly link?: string;
  readonly language?: string;
  readonly icon?: string;
  readonly updated?: string;
}

/** A feed with the requested entries, the newest first. */
export interface Feed extends FeedMeta {
  readonly entries: readonly Entry[];
  /** True when more entries match than are here. */
  readonly more: boolean;
}
