import { escapeHtml, type RenderedPage } from "./markdown.ts";
import type { Section } from "./navigation.ts";
import { addressOf, relativeAddress } from "./sources.ts";

export interface PageDeps {
  readonly navigation: readonly Section[];
  /** Titles of all documents by their paths. */
  readonly titles: ReadonlyMap<string, string>;
}

/** Returns the HTML of a document's page. Nothing in it is inline, so that the pages' policy can be strict. */
export function pageHtml({ navigation, titles }: PageDeps, path: string, { html, parts }: RenderedPage): string {
  const own = addressOf(path);
  const to = (address: string) => relativeAddress(own, address);
  const title = titles.get(path) ?? "Documentation";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(path === "README.md" ? "Dragoman documentation" : `${title} – Dragoman`)}</title>
<link rel="stylesheet" href="${to("assets/style.css")}">
<link rel="icon" href="${to("assets/icon.svg")}" type="image/svg+xml">
<script type="module" src="${to("assets/search.js")}"></script>
</head>
<body data-root="${to("")}">
<a class="skip" href="#content">Skip to the content</a>
<header>
<a class="home" href="${to("")}">Dragoman documentation</a>
<form role="search" class="search">
<label for="search">Search the documentation</label>
<input id="search" type="search" autocomplete="off" placeholder="Search (press /)" aria-controls="results">
</form>
</header>
<section id="results" aria-label="Search results" hidden>
<p role="status"></p>
<ol></ol>
</section>
<div class="columns">
<nav aria-label="Documentation"><details class="menu"><summary>Pages</summary>
${navigation.map((section) => menuHtml(section, path, titles, to)).join("\n")}
</details></nav>
<main id="content" tabindex="-1">
${html}
</main>
${contentsHtml(parts)}
</div>
</body>
</html>
`;
}

function menuHtml(
  { title, pages }: Section,
  own: string,
  titles: ReadonlyMap<string, string>,
  to: (address: string) => string,
): string {
  const items = pages.map((path) => {
    const current = path === own ? ' aria-current="page"' : "";
    return `<li><a href="${to(addressOf(path))}"${current}>${escapeHtml(titles.get(path) ?? path)}</a></li>`;
  });
  return `<p class="section">${escapeHtml(title)}</p>\n<ul>${items.join("")}</ul>`;
}

/** Returns the list of the page's own headings; none for a short page. */
function contentsHtml(parts: RenderedPage["parts"]): string {
  const headings = parts.filter(({ level }) => level === 2);
  if (headings.length < 3) return "";
  const items = headings.map(({ id, heading }) => `<li><a href="#${id}">${escapeHtml(heading)}</a></li>`);
  return `<nav class="contents" aria-label="On this page"><p class="section">On this page</p><ul>${items.join("")}</ul></nav>`;
}
