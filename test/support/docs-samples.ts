import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Fenced block of a document with the mark in the comment line above the block. `run` (and `run: background`) is
 * executed, `post` is posted as an activity, `output` is the expected output of the previous block, `run in: FILE` is
 * executed by that test, `shape` only shows a form.
 */
export interface Sample {
  /** `docs/events.md:12`. */
  readonly location: string;
  readonly language: string;
  readonly text: string;
  readonly mark: string;
}

/** Languages of blocks that a reader copies: none may stand there unmarked. */
export const COPIED = ["bash", "sh", "php", "js", "html", "json"];

/** README and everything under docs/ and examples/, as paths from the root. */
export function documents(): readonly string[] {
  const markdown = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name))
      .sort();
  return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...markdown("docs"), ...markdown("examples")];
}

/** Every fenced block of a document, in order. */
export function samplesIn(document: string): readonly Sample[] {
  const lines = readFileSync(join(ROOT, document), "utf8").split("\n");
  const samples: Sample[] = [];
  for (let at = 0; at < lines.length; at++) {
    const language = /^```(\w+)$/.exec(lines[at] ?? "")?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf("```", at + 1);
    if (end === -1) throw new Error(`${document}:${at + 1} opens a block that never ends`);
    const mark = /^<!-- (.*) -->$/.exec(lines[at - 1] ?? "")?.[1] ?? "";
    samples.push({ location: `${document}:${at + 1}`, language, text: lines.slice(at + 1, end).join("\n"), mark });
    at = end;
  }
  return samples;
}

/** Keys whose values differ at each run; only their type is compared. */
const VOLATILE = new Set([
  "id",
  "cursor",
  "published",
  "received",
  "expiresAt",
  "token",
  "jti",
  "accepted",
  "due",
  "expires",
  "updated",
  "retryAt",
  "href",
]);

/** Compares output with the output in a document. JSON is compared as JSON; in other text `…` matches any text. */
export function fits(expected: Sample, actual: string): boolean {
  if (expected.language === "json") {
    try {
      return alike(JSON.parse(expected.text), JSON.parse(actual));
    } catch {
      return false;
    }
  }
  return pattern(expected.text.trim()).test(actual.replaceAll("\r\n", "\n"));
}

function pattern(text: string): RegExp {
  const parts = text.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(parts.join(".*?"), "s");
}

function alike(expected: unknown, actual: unknown, key = ""): boolean {
  if (expected === "…") return actual !== undefined;
  if (typeof expected === "string" && expected.includes("…"))
    return typeof actual === "string" && pattern(expected).test(actual);
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) && expected.length === actual.length && expected.every((item, i) => alike(item, actual[i]))
    );
  }
  if (typeof expected === "object" && expected !== null) {
    if (typeof actual !== "object" || actual === null) return false;
    const [left, right] = [expected as Record<string, unknown>, actual as Record<string, unknown>];
    const keys = new Set([...Object.keys(left), ...("…" in left ? [] : Object.keys(right))]);
    keys.delete("…");
    return [...keys].every((name) => name in left && name in right && alike(left[name], right[name], name));
  }
  return VOLATILE.has(key) ? typeof expected === typeof actual : expected === actual;
}
