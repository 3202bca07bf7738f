const DIGIT = 1;
const LINE_END = 2;
const PADDING = "=".charCodeAt(0);
/** Class of each ASCII character; 0 is not allowed. */
const CLASSES = new Uint8Array(128);
for (const digit of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
  CLASSES[digit.charCodeAt(0)] = DIGIT;
}
for (const lineEnd of "\r\n") CLASSES[lineEnd.charCodeAt(0)] = LINE_END;

/**
 * Check for base64 (RFC 4648 section 4) of a text that comes in slices.
 * In lines: digits, then up to two `=`, line ends anywhere but between the `=`. Written by hand because it reads each character
 * once: a regular expression may go back over megabytes.
 */
export class Base64Check {
  #padding = 0;
  #isAfterPadding = false;
  #isValid = true;

  /** False once a character was out of place. */
  get isValid(): boolean {
    return this.#isValid;
  }

  add(slice: string): void {
    let position = 0;
    if (this.#padding === 0) while (position < slice.length && CLASSES[slice.charCodeAt(position)]) position++;
    for (; this.#isValid && position < slice.length; position++) this.#addAfterDigits(slice.charCodeAt(position));
  }

  #addAfterDigits(code: number): void {
    if (code === PADDING && this.#padding < 2 && !this.#isAfterPadding) this.#padding += 1;
    else if (CLASSES[code] === LINE_END && this.#padding > 0) this.#isAfterPadding = true;
    else this.#isValid = false;
  }
}

let known: ReadonlyMap<string, boolean> = new Map();

/** Checks for base64 in lines, see `Base64Check`. */
export function isBase64(text: string): boolean {
  const result = known.get(text);
  if (result !== undefined) return result;
  const check = new Base64Check();
  check.add(text);
  return check.isValid;
}

/** Runs work in which `isBase64` answers for these texts without reading them again. */
export function withCheckedBase64<T>(results: ReadonlyMap<string, boolean>, work: () => T): T {
  known = results;
  try {
    return work();
  } finally {
    known = new Map();
  }
}
