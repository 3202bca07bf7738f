/**
 * Returns a function that finds the end of the tag or comment at a position. The result is -1 without an end; a comment that
 * is never closed ends with the text, as in browsers. A `>` in quotes ends no tag. After the first quote that is never
 * closed, quotes no longer count, so all calls together take linear time.
 */
export function tagEnds(html: string): (open: number) => number {
  const commentEnd = /--!?>/g;
  let areQuotesClosed = true;
  return (open) => {
    if (html.startsWith("<!--", open)) {
      // Browsers end comments at `--!>` as well, and `<!-->` at once.
      commentEnd.lastIndex = open + 2;
      return (commentEnd.test(html) ? commentEnd.lastIndex : html.length) - 1;
    }
    const first = html.indexOf(">", open);
    if (first < 0 || !areQuotesClosed) return first;
    const end = quotedTagEnd(html, open);
    if (end === undefined) areQuotesClosed = false;
    return end ?? first;
  };
}

/** Returns the end of a tag; undefined where a quote of it is never closed. */
function quotedTagEnd(html: string, open: number): number | undefined {
  for (let position = open; position < html.length; position += 1) {
    const character = html[position];
    if (character === ">") return position;
    if (character !== "=") continue;
    const [assignment = ""] = /^=\s{0,8}["']?/.exec(html.slice(position, position + 10)) ?? [];
    const quote = assignment.at(-1) ?? "";
    if (quote !== '"' && quote !== "'") continue;
    const close = html.indexOf(quote, position + assignment.length);
    if (close < 0) return undefined;
    position = close;
  }
  return undefined;
}
