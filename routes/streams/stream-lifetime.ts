import type { Config } from "../../src/config/settings.ts";
import type { Caller } from "../../src/model/caller.ts";
import type { EndReason } from "./stream-registry.ts";

/** Time and reason of a stream's planned end. Its age, give or take 20 %, or the expiry of its token. */
export function endOfLife(
  caller: Caller,
  config: Pick<Config, "streamAgeSeconds">,
): { readonly at: number; readonly reason: EndReason } {
  const age = Date.now() + config.streamAgeSeconds * 1_000 * (0.8 + Math.random() * 0.4);
  const expiry = (caller.expiresAt ?? Number.POSITIVE_INFINITY) * 1_000;
  return expiry < age ? { at: expiry, reason: "expired" } : { at: age, reason: "age" };
}

/** Whether coming back with the same credentials can help. After expiry only a cookie may have been renewed. */
export function mayReconnect(reason: EndReason, caller: Caller): boolean {
  if (reason === "expired") return caller.cookie;
  return reason !== "revoked";
}

/** Returns a random delay of 1 to 10 s, so that reconnects spread. */
export function spreadOut(): number {
  return 1_000 + Math.floor(Math.random() * 9_000);
}
