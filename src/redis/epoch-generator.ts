import { randomBytes } from "node:crypto";

/**
 * Makes a generator of names for new logs, none of which is given twice: a random prefix and a count. Every append offers
 * one, so it must cost nothing; Redis uses it only when the log is new.
 */
export function epochGenerator(): () => string {
  const prefix = randomBytes(6).toString("hex");
  let count = 0;
  return () => `${prefix}${(count++).toString(36)}`;
}
