// Refuses regular expressions that may take more than linear time on some input.
//
//   tsx ops/check-patterns.ts           all of src, routes, workers and openapi, and the schemas' patterns
//   tsx ops/check-patterns.ts FILE...   the expressions that these files write
//
// Expressions that were found safe are listed in `ops/patterns/safe.json`, which is committed: only new ones cost seconds, and
// a busy machine, on which the checker's measurements mislead it, has nothing to decide. Add a false alarm by hand, after a
// measurement at doubled lengths.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { check } from "recheck";
import ts from "typescript";
import { isBounded } from "./patterns/bounded.ts";

interface Pattern {
  readonly source: string;
  readonly flags: string;
  readonly place: string;
}

const root = join(import.meta.dirname, "..");
const SAFE = join(root, "ops", "patterns", "safe.json");
/** Longest time for one expression; what the checker can't decide by then is refused. */
const TIMEOUT_MS = 120_000;
const AT_ONCE = 2;
/** Files that do something when they are imported. */
const ENTRY = /^(src\/main|src\/cli\/main|openapi\/write)\.ts$|reader-thread\.ts$|mail-worker\.ts$/;

const sources = ["src", "routes", "workers", "openapi"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name}`),
);

/** Returns a file's literals, and the places where a function makes expressions of its input. */
function literalsOf(file: string): { readonly literals: Pattern[]; readonly madeInFunctions: string[] } {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const literals: Pattern[] = [];
  const madeInFunctions: string[] = [];
  const visit = (node: ts.Node, depth: number): void => {
    const place = `${relative(root, file)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/");
      literals.push({ source: node.text.slice(1, end), flags: node.text.slice(end + 1), place });
    }
    const makes = ts.isNewExpression(node) || ts.isCallExpression(node) ? node.expression.getText() : "";
    if (makes === "RegExp" && depth > 0) madeInFunctions.push(place);
    ts.forEachChild(node, (child) => visit(child, depth + (ts.isFunctionLike(node) ? 1 : 0)));
  };
  visit(source, 0);
  return { literals, madeInFunctions };
}

/** Imports all modules and returns the expressions that they make of constants meanwhile. */
async function madeAtImport(): Promise<Pattern[]> {
  const made: Pattern[] = [];
  const Native = globalThis.RegExp;
  globalThis.RegExp = new Proxy(Native, {
    construct(target, [pattern, flags]: [string | RegExp, string?]) {
      const result = new target(pattern, flags);
      const caller = new Error().stack?.split("\n")[2] ?? "";
      const place = /\/((?:src|routes|workers|openapi)\/[^:?]*)[^:]*(:\d+)/.exec(caller);
      if (place && !caller.includes("node_modules"))
        made.push({ source: result.source, flags: result.flags, place: `${place[1]}${place[2]}` });
      return result;
    },
  });
  try {
    for (const file of sources) if (!ENTRY.test(file)) await import(pathToFileURL(join(root, file)).href);
  } finally {
    globalThis.RegExp = Native;
  }
  return made;
}

/** Returns the patterns of all schemas: the contract's, and those of credentials. */
async function schemaPatterns(): Promise<Pattern[]> {
  const { openapiDocument } = await import("../openapi/document.ts");
  const { platforms } = await import("../src/platforms/index.ts");
  const all = platforms({});
  const found: Pattern[] = [];
  const visit = (value: unknown, place: string): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, child] of Object.entries(value)) {
      if (name === "pattern" && typeof child === "string") found.push({ source: child, flags: "u", place });
      if (name === "patternProperties")
        for (const source of Object.keys(child)) found.push({ source, flags: "u", place });
      visit(child, `${place}/${name}`);
    }
  };
  visit(openapiDocument({ platforms: all, version: "0", basePath: "" }), "contract");
  for (const { id, credentials, verbs } of all) {
    visit(credentials, `${id} credentials`);
    visit(verbs, `${id} verbs`);
  }
  return found;
}

/** Returns why an expression is refused, or an empty text. */
async function complaintOf({ source, flags }: Pattern): Promise<string> {
  if (isBounded(source)) return "";
  const result = await check(source, flags, { timeout: TIMEOUT_MS });
  if (result.status === "safe") return "";
  if (result.status === "unknown") return `can't be decided (${result.error.kind}); write it more simply`;
  return `${result.complexity.summary}: ${result.attack.pattern.slice(0, 200)}`;
}

const files = process.argv.slice(2);
const read = (files.length > 0 ? files : sources.map((file) => join(root, file))).map(literalsOf);
const patterns = read.flatMap(({ literals }) => literals);
if (files.length === 0) patterns.push(...(await madeAtImport()), ...(await schemaPatterns()));

const refused = read.flatMap(({ madeInFunctions }) =>
  madeInFunctions.map((place) => `${place}: an expression made in a function can't be checked; make it of constants`),
);
const safe: ReadonlySet<string> = new Set(JSON.parse(readFileSync(SAFE, "utf8")) as string[]);
const listed: string[] = [];
const byText = new Map(patterns.map((pattern) => [`/${pattern.source}/${pattern.flags}`, pattern]));
const left = [...byText];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [text, pattern] = next;
      const complaint = safe.has(text) ? "" : await complaintOf(pattern);
      if (complaint === "") listed.push(text);
      else refused.push(`${pattern.place}: ${text} ${complaint}`);
    }
  }),
);
if (files.length === 0) writeFileSync(SAFE, `${JSON.stringify(listed.sort(), null, 2)}\n`);
for (const line of refused) console.error(line);
console.log(`${byText.size} regular expressions, ${refused.length} refused`);
process.exit(refused.length > 0 ? 1 : 0);
