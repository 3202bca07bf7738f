const BEGIN = "<!-- torture figures -->\n```text\n";
const END = "```\n<!-- end of torture figures -->";

/** Returns `docs/promises.md` with new lines of faults. A line takes the place of the same fault's last one. */
export function recordedIn(document: string, lines: readonly string[]): string {
  const start = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (start < 0 || end < start) throw new Error("docs/promises.md has no place for the figures");
  const known = document
    .slice(start + BEGIN.length, end)
    .split("\n")
    .filter(Boolean);
  const byFault = new Map([...known, ...lines].map((line) => [line.split(" ", 1).join(), line]));
  return `${document.slice(0, start)}${BEGIN}${[...byFault.values()].join("\n")}\n${document.slice(end)}`;
}
