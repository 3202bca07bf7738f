export { type Block, fromPlain, type Mark, type RichText, type Run, safeLink } from "./document.ts";
export { fromHtml } from "./from-html.ts";
export { fromIrc } from "./from-irc.ts";
export { fromMarkdown } from "./from-markdown.ts";
export { fromStyling } from "./from-styling.ts";
export { isFormatted } from "./is-formatted.ts";
export {
  atMost,
  networkText,
  PLAIN_TEXT,
  type PostedText,
  postedText,
  richTextOf,
  textIssue,
} from "./posted-text.ts";
export { splitRichText } from "./split.ts";
export { toHtml } from "./to-html.ts";
export { toIrc } from "./to-irc.ts";
export { joinBlocks, toPlain } from "./to-plain.ts";
export { toStyling } from "./to-styling.ts";
