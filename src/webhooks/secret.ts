import { randomBytes } from "node:crypto";

const PREFIX = "whsec_";
/** Bounds of the Standard Webhooks rules. */
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** Makes a new signing secret. */
export function newWebhookSecret(): string {
  return `${PREFIX}${randomBytes(32).toString("base64")}`;
}

/** Tells a Standard Webhooks secret: `whsec_` and the base64 of 24 to 64 bytes. */
export function isWebhookSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false;
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64") === encoded && bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES;
}
