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
 * Checks for base64 (RFC 4648 section 4) in lines. Digits, then up to two `=`, line ends anywhere but between the `=`.
 * Written by hand because it reads each character once: a regular expression may go back over megabytes.
 */
export function isBase64(text: string): boolean {
  let position = 0;
  while (position < text.length && CLASSES[text.charCodeAt(position)]) position++;
  for (let count = 0; count < 2 && text.charCodeAt(position) === PADDING; count++) position++;
  while (position < text.length && CLASSES[text.charCodeAt(position)] === LINE_END) position++;
  return position === text.length;
}
