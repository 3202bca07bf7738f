import type { RichText } from "./document.ts";

/** Tells whether a text has anything that plain text lacks. */
export function isFormatted(document: RichText): boolean {
  return document.some(
    ({ kind, quote, runs }) =>
      kind !== "paragraph" || quote > 0 || runs.some(({ marks, link }) => marks.length > 0 || link !== undefined),
  );
}
