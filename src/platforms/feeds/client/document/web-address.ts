const MAX_LENGTH = 2_048;

/** Resolves a link to a complete http or https address; undefined for all else. */
export function webAddress(href: string | undefined, base: string): string | undefined {
  if (!href || !URL.canParse(href.trim(), base)) return undefined;
  const { protocol, href: address } = new URL(href.trim(), base);
  return /^https?:$/.test(protocol) && address.length <= MAX_LENGTH ? address : undefined;
}

/** Resolves an entry's link: a web address as `webAddress` does, or a magnet link. */
export function entryLink(href: string | undefined, base: string): string | undefined {
  const link = href?.trim() ?? "";
  return /^magnet:\?\S+$/i.test(link) && link.length <= MAX_LENGTH ? link : webAddress(link, base);
}

/** Converts `feed:` addresses (`feed://host/…`, `feed:https://…`) to http or https; returns others unchanged. */
export function httpAddress(address: string): string {
  const rest = address.replace(/^feed:/i, "");
  return rest === address || /^https?:/i.test(rest) ? rest : `https:${rest.startsWith("//") ? rest : `//${rest}`}`;
}

/**
 * Returns the topic of a feed's address, the same for all subscribers. A topic is complete, http or https, without fragment;
 * undefined for all else.
 */
export function topicOf(address: string): string | undefined {
  const http = httpAddress(address);
  if (!URL.canParse(http)) return undefined;
  const url = new URL(http);
  url.hash = "";
  return /^https?:$/.test(url.protocol) ? url.href : undefined;
}
