import type { Config } from "../config/settings.ts";

/** Without a relay and outside production, mail goes to a built-in mailbox, so that a first try needs no mail server. */
export function isSandboxEnabled(config: Config): boolean {
  if (config.smtpUrl !== "") return false;
  return config.sandbox === "on" || (config.sandbox === "auto" && !config.production);
}
