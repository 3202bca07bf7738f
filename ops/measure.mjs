// Measures how plain the code reads: comments, names, sizes. Plain JavaScript over TypeScript's own parser.
//
//   node ops/measure.mjs                 a line for sources and for tests; exits with 1 when a bound is broken
//   node ops/measure.mjs --list [PATH]   lists every violation of all files, or of a file or folder
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = ["src", "routes", "workers", "openapi"];
const TOOLS = ["test", "bench", "ops"];

/** Bounds of the measures; percentages, counts per 100 words, lines, counts. */
const BOUNDS = {
  riddles: 3,
  longSentences: 0,
  pronouns: 3.5,
  placeholders: 1,
  positional: 0,
  casts: 0,
  largest: 300,
  median: 100,
};
/** Bounds that hold for tests, benches and tools as well. */
const PROSE_BOUNDS = ["riddles", "longSentences", "pronouns", "placeholders"];

/** First words that leave the subject of a sentence unnamed. */
const RIDDLE = /^(what|who|whose|whom|whoever|whatever|where|how|when|it|its|one|ones|that|those|such|so)\b/i;
const MAX_WORDS = 15;
const PRONOUNS = new Set(
  (
    "it its itself they them their theirs we us our ours one ones who whom whose what whoever whatever " +
    "somebody someone anybody anyone nobody everybody everyone something anything nothing such"
  ).split(" "),
);
const PLACEHOLDERS = new Set(
  (
    "it one ones two whose who whom words word place places said wanted told given taken made came kept mine ours " +
    "theirs most least such what how way deed deeds thing things lent brought asked heard"
  ).split(" "),
);

function sourceFiles() {
  return [...SOURCES, ...TOOLS].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|mjs|lua)$/.test(name))
      .map((name) => join(root, folder, name)),
  );
}

/** Comments of a file with their line numbers; adjoining `//` lines are one comment. */
function commentsOf(text, source) {
  const found = [];
  const seen = new Set();
  const take = (range) => {
    if (seen.has(range.pos)) return;
    seen.add(range.pos);
    const raw = text.slice(range.pos, range.end);
    const isDoc = raw.startsWith("/**");
    const content =
      isDoc || raw.startsWith("/*") ? raw.replace(/^\/\*+|\*\/$/g, "").replace(/^\s*\* ?/gm, "") : raw.slice(2);
    const line = source.getLineAndCharacterOfPosition(range.pos).line + 1;
    const before = found.at(-1);
    if (!isDoc && before && !before.isDoc && before.lastLine === line - 1) {
      before.text += ` ${content.trim()}`;
      before.lastLine = line;
    } else {
      const lastLine = source.getLineAndCharacterOfPosition(range.end).line + 1;
      found.push({ text: content.trim(), isDoc, line, lastLine });
    }
  };
  const visit = (node) => {
    for (const range of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []) take(range);
    for (const range of ts.getTrailingCommentRanges(text, node.getEnd()) ?? []) take(range);
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  return found.filter(({ text: content }) => !content.startsWith("biome-ignore") && !content.startsWith("<reference"));
}

/** Prose of a comment. Code in backquotes counts as one word, a link as its text. */
const proseOf = (text) => text.replace(/`[^`]*`/g, "code").replace(/https?:\/\/\S+/g, "link");
const wordsOf = (prose) => prose.match(/[A-Za-z0-9][A-Za-z0-9'’./_-]*/g) ?? [];
const firstSentence = (prose) => prose.split(/(?<=[.!?])\s|\n\s*\n/)[0] ?? "";

function declaredNames(source) {
  const names = [];
  const visit = (node) => {
    const { name } = node;
    const declares =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isPropertySignature(node) ||
      ts.isMethodSignature(node);
    if (declares && name && ts.isIdentifier(name)) names.push({ name: name.text, position: name.getStart(source) });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/** Of Lua only sizes and positional arguments are measured. */
function measureLua(path, text) {
  const lines = text.split("\n");
  const positional = lines.flatMap((line, index) =>
    /\b(ARGV|KEYS)\[\d+\]/.test(line) && !/^\s*--/.test(line) ? [`${path}:${index + 1}`] : [],
  );
  const none = {
    docs: 0,
    riddles: [],
    longSentences: [],
    words: 0,
    pronouns: [],
    names: 0,
    placeholders: [],
    casts: [],
  };
  return { path, lines: lines.length - 1, positional, ...none };
}

/** Measures one file. */
function measure(file) {
  const text = readFileSync(file, "utf8");
  const path = relative(root, file);
  if (file.endsWith(".lua")) return measureLua(path, text);
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const at = (line) => `${path}:${line}`;
  const lineAt = (position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const comments = commentsOf(text, source);
  const docs = comments
    .filter(({ isDoc }) => isDoc)
    .map((doc) => ({ ...doc, first: firstSentence(proseOf(doc.text)) }));
  const spoken = comments.flatMap((comment) =>
    wordsOf(proseOf(comment.text)).map((text) => ({ text, line: comment.line })),
  );
  const names = declaredNames(source);
  const lines = text.split("\n");
  const code = (pattern) =>
    lines.flatMap((line, index) => (pattern.test(line) && !/^\s*(\*|\/\/|--)/.test(line) ? [at(index + 1)] : []));
  return {
    path,
    lines: lines.length - 1,
    docs: docs.length,
    riddles: docs.filter(({ first }) => RIDDLE.test(first)).map(({ line, first }) => `${at(line)} ${first}`),
    longSentences: docs
      .filter(({ first }) => wordsOf(first).length > MAX_WORDS)
      .map(({ line, first }) => `${at(line)} ${wordsOf(first).length} words: ${first}`),
    words: spoken.length,
    pronouns: spoken
      .filter((entry) => PRONOUNS.has(entry.text.toLowerCase()))
      .map((entry) => `${at(entry.line)} ${entry.text}`),
    names: names.length,
    placeholders: names
      .filter(({ name }) => PLACEHOLDERS.has(name.toLowerCase()))
      .map(({ name, position }) => `${at(lineAt(position))} ${name}`),
    positional: code(/\b(ARGV|KEYS)\[\d+\]/),
    casts: path.includes("/platforms/") ? code(/\bobject as\b/) : [],
  };
}

const sum = (files, key) =>
  files.reduce((total, file) => total + (Array.isArray(file[key]) ? file[key].length : file[key]), 0);
const percent = (part, whole) => (whole === 0 ? 0 : Math.round((1_000 * part) / whole) / 10);

function totals(files) {
  const sizes = files.map(({ lines }) => lines).sort((a, b) => a - b);
  return {
    riddles: percent(sum(files, "riddles"), sum(files, "docs")),
    longSentences: sum(files, "longSentences"),
    pronouns: percent(sum(files, "pronouns"), sum(files, "words")),
    placeholders: percent(sum(files, "placeholders"), sum(files, "names")),
    positional: sum(files, "positional"),
    casts: sum(files, "casts"),
    largest: sizes.at(-1) ?? 0,
    median: sizes[Math.floor(sizes.length / 2)] ?? 0,
  };
}

const LABELS = {
  riddles: "% of first sentences without a subject",
  longSentences: `first sentences over ${MAX_WORDS} words`,
  pronouns: "pronouns per 100 words of comments",
  placeholders: "% placeholder names",
  positional: "positional KEYS/ARGV",
  casts: "casts of a verb's object",
  largest: "lines in the largest file",
  median: "lines in the median file",
};

const [flag, under = ""] = process.argv.slice(2);
const files = sourceFiles()
  .map(measure)
  .filter(({ path }) => under === "" || path === under || path.startsWith(`${under.replace(/\/$/, "")}/`));
if (flag === "--list") {
  for (const key of ["riddles", "longSentences", "pronouns", "placeholders", "positional", "casts"])
    for (const violation of files.flatMap((file) => file[key])) console.log(`${key}: ${violation}`);
}

/** Prints the measures of a group of files. Returns false when a bound is broken. */
function report(title, group, bounds) {
  if (group.length === 0) return true;
  const measured = totals(group);
  const isBroken = (key) => measured[key] > BOUNDS[key];
  const parts = bounds.map((key) => `${measured[key]} ${LABELS[key]}${isBroken(key) ? ` (max ${BOUNDS[key]})` : ""}`);
  console.log(`${title}, ${group.length} files: ${parts.join(", ")}`);
  return !bounds.some(isBroken);
}
const isTool = ({ path }) => TOOLS.some((folder) => path.startsWith(`${folder}/`));
const areSourcesFine = report(
  "sources",
  files.filter((file) => !isTool(file)),
  Object.keys(LABELS),
);
const areToolsFine = report("tests and tools", files.filter(isTool), PROSE_BOUNDS);
process.exitCode = areSourcesFine && areToolsFine ? 0 : 1;
