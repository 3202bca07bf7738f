import { platforms } from "../../src/platforms/index.ts";

/** Renders docs/platforms.md from the table that validates activities. */
export function platformsPage(): string {
  const all = platforms({}).filter(({ id }) => id !== "dummy");
  const verbs = [...new Set(all.flatMap((platform) => Object.keys(platform.verbs)))].sort();
  const mark = (has: boolean) => (has ? "●" : "");
  const row = (name: string, cells: readonly string[]) => `| ${name} | ${cells.join(" | ")} |`;
  const facts: ReadonlyArray<readonly [string, (platform: (typeof all)[number]) => string]> = [
    ["other names", ({ aliases = [] }) => aliases.map((name) => `\`${name}\``).join(" ")],
    [
      "needs an account",
      ({ needsAccount, credentials }) => (needsAccount ? "yes" : credentials ? "may have one" : "no"),
    ],
    ["holds a connection", ({ connect }) => mark(connect !== undefined)],
    ["is pushed to", ({ webhook: push }) => mark(push !== undefined)],
    ["is polled", ({ poll }) => mark(poll !== undefined)],
    ["account by consent", ({ oauthConsent: consent }) => mark(consent !== undefined)],
    ["finds out what became of a doubtful one", ({ recover: resolve }) => mark(resolve !== undefined)],
  ];
  const summaries = all.map(
    ({ id, title, verbs: own }) =>
      `## ${title}\n\n[\`${id}\`](platforms/${id}.md)\n\n| verb | what it does |\n|---|---|\n${Object.entries(own)
        .map(([verb, { summary }]) => `| \`${verb}\` | ${summary} |`)
        .join("\n")}\n`,
  );
  return `# Platforms

<!-- Generated: \`npx vitest run test/e2e/docs-tables.test.ts -u\` writes it anew. -->

Which verb each platform knows; \`GET /platforms\` says the same with schemas and examples. A verb that a platform does not
know is answered 422 \`verb-not-supported\`.

${row(
  "",
  all.map(({ id }) => `[${id}](platforms/${id}.md)`),
)}
|---|${all.map(() => ":-:|").join("")}
${verbs
  .map((verb) =>
    row(
      `\`${verb}\``,
      all.map((platform) => mark(Object.hasOwn(platform.verbs, verb))),
    ),
  )
  .join("\n")}
${facts.map(([name, of]) => row(`*${name}*`, all.map(of))).join("\n")}

${summaries.join("\n")}`;
}
