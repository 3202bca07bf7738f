/** Length of the shortest secret that is looked for: shorter ones would blank ordinary words. */
const MIN_LENGTH = 6;

/**
 * Index of secret values by their first characters.
 * Replacing costs about one look-up per character of the text, however many secrets are known.
 */
export class SecretIndex {
  readonly #maxValues: number;
  /** In the order of their additions, the oldest first. */
  readonly #values = new Set<string>();
  /** Number of values per prefix and length. */
  readonly #lengths = new Map<string, Map<number, number>>();

  constructor(maxValues: number) {
    this.#maxValues = maxValues;
  }

  /** Adds a value; drops the oldest value when there are too many. */
  add(value: string): void {
    if (value.length < MIN_LENGTH) return;
    const isKnown = this.#values.delete(value);
    this.#values.add(value);
    if (!isKnown) this.#count(value, 1);
    const [oldest] = this.#values;
    if (this.#values.size <= this.#maxValues || oldest === undefined) return;
    this.#values.delete(oldest);
    this.#count(oldest, -1);
  }

  /** Returns the text with every known value replaced. */
  replace(text: string, replacement: string): string {
    if (this.#values.size === 0) return text;
    const parts: string[] = [];
    let from = 0;
    for (let at = 0; at + MIN_LENGTH <= text.length; ) {
      const length = this.#lengthAt(text, at);
      if (length === 0) {
        at += 1;
        continue;
      }
      parts.push(text.slice(from, at), replacement);
      at += length;
      from = at;
    }
    parts.push(text.slice(from));
    return parts.join("");
  }

  /** Returns the length of the longest value at a position of the text, or 0. */
  #lengthAt(text: string, at: number): number {
    let longest = 0;
    for (const length of this.#lengths.get(text.slice(at, at + MIN_LENGTH))?.keys() ?? [])
      if (length > longest && this.#values.has(text.slice(at, at + length))) longest = length;
    return longest;
  }

  #count(value: string, change: 1 | -1): void {
    const prefix = value.slice(0, MIN_LENGTH);
    const counts = this.#lengths.get(prefix) ?? new Map<number, number>();
    const count = (counts.get(value.length) ?? 0) + change;
    if (count > 0) counts.set(value.length, count);
    else counts.delete(value.length);
    if (counts.size > 0) this.#lengths.set(prefix, counts);
    else this.#lengths.delete(prefix);
  }
}
