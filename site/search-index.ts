import MiniSearch from "minisearch";
import type { RenderedPage } from "./markdown.ts";
import { SEARCH_OPTIONS } from "./search-options.ts";

export interface IndexedPage {
  readonly address: string;
  readonly title: string;
  readonly page: RenderedPage;
}

/** Returns the search index of these pages as JSON, with an entry for each heading. */
export function searchIndex(pages: readonly IndexedPage[]): string {
  const index = new MiniSearch(SEARCH_OPTIONS);
  for (const { address, title, page } of pages) {
    index.addAll(
      page.parts.map(({ id, level, heading, text }) => ({
        id: level === 1 ? address : `${address}#${id}`,
        heading,
        page: title,
        text,
      })),
    );
  }
  return JSON.stringify(index);
}
