/** The version in package.json, which lies two folders above `src/cli` and three above `dist/src/cli`. */
export function version(read: (file: URL, encoding: "utf8") => string): string {
  const up = import.meta.url.endsWith(".ts") ? "../../package.json" : "../../../package.json";
  const { version } = JSON.parse(read(new URL(up, import.meta.url), "utf8")) as { version: string };
  return version;
}
