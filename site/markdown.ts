import { posix } from "node:path";
import MarkdownIt from "markdown-it";
import { addressOf, relativeAddress } from "./sources.ts";

/** Part of a page below one heading. */
export interface Part {
  /** Anchor of the heading; "" for what precedes all others. */
  readonly id: string;
  readonly level: number;
  readonly heading: string;
  readonly text: string;
}

export interface RenderedPage {
  readonly html: string;
  readonly parts: readonly Part[];
}

type Token = ReturnType<ReturnType<typeof MarkdownIt>["parse"]>[number];

/** Returns the anchor of a heading, as code hosts make it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
    .replaceAll(" ", "-");
}

/**
 * Makes the renderer of documents. `pages` are the paths of all documents, `files` the addresses of other files that the site
 * has; a link to anything else becomes plain text.
 */
export function markdownRenderer(pages: ReadonlySet<string>, files: Readonly<Record<string, string>>) {
  const markdown = new MarkdownIt({ html: true });
  // Marks for tests stand in comments; a document has no other HTML.
  markdown.renderer.rules.html_block = () => "";
  markdown.renderer.rules.html_inline = (tokens, index) => escapeHtml(tokens[index]?.content ?? "");
  markdown.renderer.rules.table_open = () => '<div class="table" tabindex="0"><table>';
  markdown.renderer.rules.table_close = () => "</table></div>";
  markdown.renderer.rules.fence = (tokens, index) => codeBlock(tokens[index]);

  return (path: string, text: string): RenderedPage => {
    const tokens = markdown.parse(text, {});
    const parts = addAnchors(tokens);
    for (const token of tokens) {
      // The policy of the pages lets no inline style in.
      const style = token.attrGet("style");
      if (style !== null) token.attrs = [["class", String(style).replace(/.*:/, "")]];
      for (const child of token.children ?? []) rewriteLink(child, path, pages, files);
    }
    return { html: markdown.renderer.render(tokens, markdown.options, {}), parts };
  };
}

/** Returns a code block. It takes the focus, so that a keyboard can scroll it. */
function codeBlock(token: Token | undefined): string {
  return `<pre tabindex="0"><code>${escapeHtml(token?.content ?? "")}</code></pre>\n`;
}

/** Gives headings their anchors and collects the text below each. */
function addAnchors(tokens: readonly Token[]): readonly Part[] {
  const parts: Array<{ id: string; level: number; heading: string; text: string }> = [];
  const seen = new Map<string, number>();
  for (const [index, token] of tokens.entries()) {
    if (token.type === "heading_open") {
      const heading = plainText(tokens[index + 1]);
      const anchor = anchorOf(heading);
      const count = seen.get(anchor) ?? 0;
      seen.set(anchor, count + 1);
      const id = count === 0 ? anchor : `${anchor}-${count}`;
      token.attrSet("id", id);
      parts.push({ id, level: Number(token.tag.slice(1)), heading, text: "" });
    } else if (token.type === "inline" && tokens[index - 1]?.type !== "heading_open") {
      const part = parts.at(-1);
      if (part !== undefined) part.text += `${plainText(token)} `;
    }
  }
  return parts;
}

function plainText(token: Token | undefined): string {
  return (token?.children ?? []).map(({ type, content }) => (type === "softbreak" ? " " : content)).join("");
}

function rewriteLink(token: Token, path: string, pages: ReadonlySet<string>, files: Readonly<Record<string, string>>) {
  const name = token.type === "image" ? "src" : "href";
  const target = token.type === "link_open" || token.type === "image" ? String(token.attrGet(name)) : "#";
  if (/^(?:[a-z]+:|#)/i.test(target)) return;
  const [file = "", anchor] = target.split("#", 2);
  const inRepository = posix.join(posix.dirname(path), file);
  const address = pages.has(inRepository) ? addressOf(inRepository) : files[inRepository];
  if (address === undefined && token.type === "image") throw new RangeError(`${path}: no picture ${target}`);
  if (address === undefined) token.attrs = [["class", "file"]];
  else token.attrSet(name, relativeAddress(addressOf(path), address) + (anchor === undefined ? "" : `#${anchor}`));
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
