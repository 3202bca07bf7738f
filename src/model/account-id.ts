import { createHash } from "node:crypto";

/** The id of an app's account on a platform: the same for the same address, so storing twice replaces. */
export function accountId(platform: string, address: string): string {
  const digest = createHash("sha256").update(`${platform}\0${address.toLowerCase()}`).digest("base64url");
  return `acc_${digest.slice(0, 22)}`;
}
