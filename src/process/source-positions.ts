import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";

/** A place in a stack trace: file, line and column, both counted from 1. */
const POSITION = /file:(\/\/[^\s():]{1,1000}):(\d{1,9}):(\d{1,9})/g;

/**
 * Makes a function that translates stack traces of bundles into positions in sources. A bundle's source map is read
 * when its first error is logged: Node's own switch reads all maps at the start, which costs 9 MB and a tenth of a second.
 * Positions without a source map stay as they are.
 */
export function sourcePositions(): (stack: string) => string {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (file: string): SourceMap | undefined => {
    if (!maps.has(file)) maps.set(file, readMap(file));
    return maps.get(file);
  };
  return (stack) =>
    stack.replace(POSITION, (bundled, path: string, line: string, column: string) => {
      const file = `file:${path}`;
      const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
      if (entry === undefined || !("originalSource" in entry)) return bundled;
      const { originalSource, originalLine, originalColumn } = entry;
      return `${new URL(originalSource, file).href}:${originalLine + 1}:${originalColumn + 1}`;
    });
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${file}.map`), "utf8")));
  } catch {
    // Not a bundle, or one that was shipped without its map.
    return undefined;
  }
}
