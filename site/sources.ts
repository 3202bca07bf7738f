import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** Markdown document, by its path in the repository. Generated documents have a path too, so that links work alike. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Documents outside of docs/, with their addresses. */
const OUTSIDE: Readonly<Record<string, string>> = {
  "README.md": "",
  "CHANGELOG.md": "changelog",
  "CONTRIBUTING.md": "contributing",
  "SECURITY.md": "security",
};

/** Reads every document that the site shows. */
export function readSources(root: string): readonly Source[] {
  const examples = readdirSync(join(root, "examples")).map((name) => `examples/${name}/README.md`);
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name.replaceAll("\\", "/")}`)
    .sort();
  return [...Object.keys(OUTSIDE), ...docs, ...examples]
    .filter((path) => existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** Returns a document's address below the site, without ending; "" is the first page. */
export function addressOf(path: string): string {
  return OUTSIDE[path] ?? path.replace(/^docs\//, "").replace(/(\/README)?\.md$/, "");
}

/** Returns the way from one address of the site to another, for links that work under any base path. */
export function relativeAddress(from: string, to: string): string {
  const folder = posix.dirname(posix.join("/gateway/docs/", from === "" ? "index" : from));
  const target = posix.join("/gateway/docs", to);
  if (to === "") return `${posix.relative(folder, target) || "."}/`;
  return posix.join(posix.relative(folder, posix.dirname(target)), posix.basename(target));
}
