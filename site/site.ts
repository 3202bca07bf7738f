import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { errorSources } from "./errors.ts";
import { llmsText } from "./llms.ts";
import { markdownRenderer } from "./markdown.ts";
import { navigationOf } from "./navigation.ts";
import { pageHtml } from "./page.ts";
import { type ApiDocument, referenceSources } from "./reference.ts";
import { type IndexedPage, searchIndex } from "./search-index.ts";
import { addressOf, readSources, type Source } from "./sources.ts";

/** File of the site: its address and content. */
export interface SiteFile {
  readonly address: string;
  readonly content: string | Buffer;
}

/** Files beside the pages; the build adds the script. */
const ASSETS = ["style.css", "icon.svg"];
const IMAGE = /!\[[^\]]*\]\(([^):]+)\)/g;

/** Makes every file of the documentation from the repository's documents and its OpenAPI document. */
export function siteFiles(root: string): readonly SiteFile[] {
  const written = readSources(root);
  const api = JSON.parse(readFileSync(join(root, "openapi/openapi.json"), "utf8")) as ApiDocument;
  const errors = written.filter(({ path }) => path === "docs/errors.md").flatMap(errorSources);
  const sources = [...written, ...errors, ...referenceSources(api)];
  const images = imagesOf(written);
  const pages = renderAll(sources, images);
  const titles = new Map(pages.map(({ path, title }) => [path, title]));
  const navigation = navigationOf(sources.map(({ path }) => path));
  return [
    ...pages.map(({ path, page }) => ({
      address: `${addressOf(path) || "index"}.html`,
      content: pageHtml({ navigation, titles }, path, page),
    })),
    ...ASSETS.map((name) => ({
      address: `assets/${name}`,
      content: readFileSync(join(root, "site/assets", name)),
    })),
    { address: "assets/search-index.json", content: searchIndex(pages) },
    ...images.map((image) => ({ address: imageAddress(image), content: readFileSync(join(root, image)) })),
    ...written.map(({ path, text }) => ({ address: `${addressOf(path) || "index"}.md`, content: text })),
    { address: "llms.txt", content: llmsText(navigation, titles) },
  ];
}

function renderAll(
  sources: readonly Source[],
  images: readonly string[],
): ReadonlyArray<IndexedPage & { path: string }> {
  const files = {
    "openapi/openapi.json": "../openapi.json",
    ...Object.fromEntries(images.map((image) => [image, imageAddress(image)])),
  };
  const render = markdownRenderer(new Set(sources.map(({ path }) => path)), files);
  return sources.map(({ path, text }) => {
    const page = render(path, text);
    const heading = page.parts[0]?.heading ?? path;
    return { path, page, address: addressOf(path), title: path === "README.md" ? "Overview" : heading };
  });
}

/** Returns the files of all pictures that documents show. */
function imagesOf(sources: readonly Source[]): readonly string[] {
  const files = sources.flatMap(({ path, text }) =>
    [...text.matchAll(IMAGE)].map(([, target = ""]) => posix.join(posix.dirname(path), target)),
  );
  return [...new Set(files)];
}

function imageAddress(file: string): string {
  return `images/${posix.basename(file)}`;
}
