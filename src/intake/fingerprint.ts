import { createHash } from "node:crypto";

/** Returns a digest of a request, independent of key order. The same rid with another digest is a mistake. */
export function fingerprint(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("base64url");
}

/** JSON with sorted keys (the idea of RFC 8785, enough for comparing with ourselves). */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const bag = value as Record<string, unknown>;
  const parts = Object.keys(bag)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(bag[key])}`);
  return `{${parts.join(",")}}`;
}
