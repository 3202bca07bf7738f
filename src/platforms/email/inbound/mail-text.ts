/** Characters of text and of HTML that go into an event, and what they may take as JSON. */
const MOST_TEXT = 65_536;
const MOST_TEXT_BYTES = 81_920;

/** One line without control characters, of at most `most` characters. */
export function cleaned(text: string, most: number): string {
  const start = text.slice(0, most * 2).replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
  return wellFormed(start.trim().slice(0, most));
}

/** The first entries, made into what events carry, while there are no more than `most` and they fit into `bytes` of JSON. */
export function bounded<From, To>(
  list: readonly From[],
  make: (entry: From) => To,
  { most, bytes }: { readonly most: number; readonly bytes: number },
): readonly To[] {
  const kept: To[] = [];
  let left = bytes;
  for (const entry of list.slice(0, most)) {
    const made = make(entry);
    left -= jsonBytes(made);
    if (left < 0) break;
    kept.push(made);
  }
  return kept;
}

type Shortened<Name extends "body" | "html"> = { readonly [key in Name]?: string } & {
  readonly [key in `${Name}Truncated`]?: true;
};

/** A body with one kind of line end, cut where it is too long for an event, and then marked as cut. */
export function shortened<Name extends "body" | "html">(name: Name, content: string | undefined): Shortened<Name> {
  if (content === undefined) return {};
  const lines = content.replaceAll("\r\n", "\n").replaceAll("\u0000", "\ufffd").replace(/\n$/, "");
  let text = wellFormed(lines.slice(0, MOST_TEXT));
  for (let bytes = jsonBytes(text); bytes > MOST_TEXT_BYTES; bytes = jsonBytes(text)) {
    text = wellFormed(text.slice(0, Math.floor((text.length * MOST_TEXT_BYTES) / bytes)));
  }
  const cut = text.length < lines.length ? { [`${name}Truncated`]: true } : {};
  return { [name]: text, ...cut } as Shortened<Name>;
}

/** Half of a pair of surrogates, as a cut may leave, is no character: JSON readers stumble over it. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
