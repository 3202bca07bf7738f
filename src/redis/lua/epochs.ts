import { randomBytes } from "node:crypto";

/**
 * Names for new logs, never given twice: a random word of this maker and a count. Every append offers one, so it must
 * cost nothing; it is used only when the log is new.
 */
export function epochs(): () => string {
  const word = randomBytes(6).toString("hex");
  let count = 0;
  return () => `${word}${(count++).toString(36)}`;
}
