import type { FeedMeta } from "./feed.ts";

/** A text of a feed, and its kind as far as the feed declares it. */
export interface TextBody {
  readonly value?: string | undefined;
  readonly kind: "html" | "text" | "unknown";
}

/** An entry in the terms of all formats, with unbounded and unchecked values. */
export interface NormalizedEntry {
  readonly ids: readonly (string | undefined)[];
  readonly links: readonly (string | undefined)[];
  readonly title?: TextBody | undefined;
  readonly published?: string | undefined;
  readonly updated?: string | undefined;
  readonly author?: { readonly name?: string; readonly email?: string; readonly url?: string } | undefined;
  /** The first body with a value is the entry's. */
  readonly bodies: readonly (TextBody | undefined)[];
  readonly summary?: TextBody | undefined;
  readonly media: ReadonlyArray<{
    readonly url?: string | undefined;
    readonly type?: string | undefined;
    readonly length?: number | undefined;
    readonly width?: number | undefined;
    readonly height?: number | undefined;
    /** Seconds. */
    readonly duration?: number | undefined;
  }>;
  readonly tags: readonly (string | undefined)[];
  /** Base of relative addresses (xml:base). */
  readonly base?: string | undefined;
}

/** A feed in the terms of all formats, with unbounded and unchecked values. */
export interface NormalizedFeed extends Pick<FeedMeta, "format"> {
  readonly title?: TextBody | undefined;
  readonly description?: TextBody | undefined;
  readonly link?: string | undefined;
  readonly language?: string | undefined;
  readonly icon?: string | undefined;
  readonly updated?: string | undefined;
  readonly base?: string | undefined;
  /** Base of relative addresses without xml:base: the channel's link in RSS. */
  readonly linkBase?: string | undefined;
  readonly entries: readonly NormalizedEntry[];
}

/** Returns the author in a text of Dublin Core or iTunes. Many write `Ann (ann@site.example)` or `Ann <ann@site.example>`. */
export function authorIn(text: string): NonNullable<NormalizedEntry["author"]> {
  const [, name = "", email = ""] =
    /^([^()<>]{0,256}?)\s?[(<]([^\s()<>@]{1,64}@[^\s()<>@]{1,255})[)>]$/.exec(text.trim()) ?? [];
  return email === "" ? { name: text } : { ...(name === "" ? {} : { name }), email };
}

/** Returns an author without the members that the feed leaves out. */
export function authorOf(
  name: string | undefined,
  email: string | undefined,
  url: string | undefined,
): NonNullable<NormalizedEntry["author"]> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(url ? { url } : {}),
  };
}
