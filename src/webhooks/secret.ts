import { randomBytes } from "node:crypto";

const PREFIX = "whsec_";
/** The Standard Webhooks rules ask for 24 to 64 random bytes. */
const LEAST = 24;
const MOST = 64;

/** A new signing secret. */
export function newHookSecret(): string {
  return `${PREFIX}${randomBytes(32).toString("base64")}`;
}

/** Whether the text is a secret by the Standard Webhooks rules: `whsec_` and the base64 of 24 to 64 bytes. */
export function isHookSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false;
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64") === encoded && bytes.length >= LEAST && bytes.length <= MOST;
}
