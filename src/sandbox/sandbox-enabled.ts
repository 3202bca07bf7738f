import type { Config } from "../config/settings.ts";

/** Tells whether mail goes to the built-in mailbox. Default: without a relay and outside production. */
export function isSandboxEnabled(config: Config): boolean {
  if (config.smtpUrl !== "") return false;
  return config.sandbox === "on" || (config.sandbox === "auto" && !config.production);
}
