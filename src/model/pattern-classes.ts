/**
 * Contents of character classes for JSON Schema patterns.
 * The portable subset of JSON Schema (section 6.4) has no `\p{…}`, `\s` or `\d`: tools that read the OpenAPI document take
 * them for something else or refuse the document. Unpaired surrogates are left out, since the intake refuses every text with them.
 */

/** Control characters: `\p{Cc}`. */
export const CONTROLS = "\\u0000-\\u001f\\u007f-\\u009f";

/** Spaces and separators: `\p{Z}`. */
export const SEPARATORS = "\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** White space: what `\s` means in JavaScript. */
export const WHITE_SPACE = `\\u0009-\\u000d\\ufeff${SEPARATORS}`;

/** Invisible format characters that change how the text around them is read. */
export const FORMAT_CHARACTERS = "\\u00ad\\u061c\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff";

/**
 * Characters outside of ASCII that no name has: controls, spaces, punctuation, symbols, private use. `[^…]` with them accepts
 * the letters, digits and marks of every script.
 */
export const NAMELESS =
  "\\u061c\\u0080-\\u00a9\\u00ab-\\u00b1\\u00b4\\u00b6-\\u00b8\\u00bb\\u00bf\\u00d7\\u00f7\\u1680\\u2000-\\u206f\\u20a0-\\u20cf" +
  "\\u2190-\\u245f\\u2500-\\u2775\\u2794-\\u2bff\\u3000-\\u3004\\u3008-\\u3020\\u3030\\ue000-\\uf8ff\\ufe10-\\ufe1f" +
  "\\ufe30-\\ufe6f\\ufeff\\uff01-\\uff0f\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65\\uffe0-\\uffff";
