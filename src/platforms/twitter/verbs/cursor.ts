import { optional } from "../../../model/optional.ts";
import type { Collection } from "../../../platform/vocabulary/vocabulary.ts";
import type { Item } from "../inbound/item.ts";
import type { Page, PageRange } from "../inbound/pages.ts";

/** Bounds that a posted `after` and `before` mean: `older:ID` or `older:ID:TOKEN`, and `newer:ID`. */
export function rangeOf(after: string | undefined, before: string | undefined): Omit<PageRange, "count"> {
  const [, olderThan, token] = /^older:([0-9]+)(?::(.+))?$/.exec(after ?? "") ?? [];
  const newerThan = /^newer:([0-9]+)$/.exec(before ?? "")?.[1];
  return { ...optional("olderThan", olderThan), ...optional("token", token), ...optional("newerThan", newerThan) };
}

/**
 * Makes a collection of the items that were kept of a page. A cursor is the id of the outermost item; of messages, which X
 * pages by token only, also the token of the page that continues.
 */
export function pageCollection(
  page: Page,
  kept: readonly Item[],
  { token, olderThan }: Omit<PageRange, "count">,
  isByToken: boolean,
): Collection<Item> {
  const isCut = kept.length < page.items.length;
  const oldest = kept.at(-1)?.id ?? olderThan;
  const newest = kept[0]?.id;
  const hasMore = oldest !== undefined && (isCut || page.nextToken !== undefined);
  const nextToken = isByToken ? (isCut ? token : page.nextToken) : undefined;
  return {
    type: "collection",
    items: kept,
    ...(hasMore ? { next: `older:${oldest}${nextToken === undefined ? "" : `:${nextToken}`}` } : {}),
    ...(newest === undefined ? {} : { previous: `newer:${newest}` }),
  };
}
