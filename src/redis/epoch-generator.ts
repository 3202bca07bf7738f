import { randomBytes } from "node:crypto";

/**
 * Makes a generator of unique names for new logs: a random prefix and a count. Every append offers a name, so making
 * names must cost nothing; Redis uses the name only when the log is new.
 */
export function epochGenerator(): () => string {
  const prefix = randomBytes(6).toString("hex");
  let count = 0;
  return () => `${prefix}${(count++).toString(36)}`;
}
