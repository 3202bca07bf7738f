import { createHash } from "node:crypto";

/** Returns an account's id. The same address gives the same id, so storing twice replaces. */
export function accountId(platform: string, address: string): string {
  const digest = createHash("sha256").update(`${platform}\0${address.toLowerCase()}`).digest("base64url");
  return `acc_${digest.slice(0, 22)}`;
}
