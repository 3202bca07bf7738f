/** Group of pages in the menu; pages by their documents' paths. */
export interface Section {
  readonly title: string;
  readonly pages: readonly string[];
}

const docs = (...names: readonly string[]) => names.map((name) => `docs/${name}.md`);

/** Pages in the order in which a reader needs them. Documents that are named nowhere go to the end. */
const SECTIONS: readonly Section[] = [
  { title: "Start here", pages: ["README.md", ...docs("concepts", "coming-from")] },
  {
    title: "Guides",
    pages: [
      ...docs(
        "php",
        "wordpress",
        "browser",
        "websocket",
        "python",
        "integrate",
        "events",
        "hooks",
        "history",
        "mail-in",
      ),
      "docs/consent.md",
      "examples/lamp-site/README.md",
      "examples/chat/README.md",
      "examples/php/README.md",
    ],
  },
  {
    title: "Reference",
    pages: docs(
      "platforms",
      "vocabulary",
      "addresses",
      "errors",
      "auth",
      "dead-letters",
      "suppressions",
      "sessions",
      "limits",
      "promises",
      "versioning",
      "glossary",
      "migrating",
    ),
  },
  {
    title: "Operation",
    pages: [
      ...docs(
        "install",
        "kubernetes",
        "operate",
        "command-line",
        "console",
        "upgrade",
        "settings",
        "proxies",
        "proxies-others",
        "proxies-2013",
      ),
      ...docs("scaling", "performance"),
      "SECURITY.md",
      "CHANGELOG.md",
    ],
  },
  { title: "Development", pages: [...docs("architecture", "adding-a-platform", "drain-shards"), "CONTRIBUTING.md"] },
];

/** Pages that lists on other pages lead to, such as those of single errors and schemas. */
const LISTED_ELSEWHERE = /^docs\/(errors|api\/schemas)\//;

/** Returns the menu of these documents. */
export function navigationOf(paths: readonly string[]): readonly Section[] {
  const known = new Set(SECTIONS.flatMap(({ pages }) => pages));
  const others = paths.filter((path) => !known.has(path) && !LISTED_ELSEWHERE.test(path));
  const within = (folder: string) => others.filter((path) => path.startsWith(folder));
  return [
    ...SECTIONS.map(({ title, pages }) => ({ title, pages: pages.filter((path) => paths.includes(path)) })),
    { title: "Networks", pages: within("docs/platforms/") },
    { title: "REST API", pages: within("docs/api/") },
    { title: "More", pages: others.filter((path) => !/^docs\/(platforms|api)\//.test(path)) },
  ].filter(({ pages }) => pages.length > 0);
}
