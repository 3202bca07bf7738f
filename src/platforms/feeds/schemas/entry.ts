import type { TermName } from "../../../platform/vocabulary/vocabulary.ts";

/** Terms that an entry of a feed may have. */
export const ENTRY_TERMS: readonly TermName[] = [
  "id",
  "title",
  "url",
  "published",
  "updated",
  "author",
  "html",
  "body",
  "summary",
  "attachments",
  "tags",
  "htmlTruncated",
  "bodyTruncated",
];
