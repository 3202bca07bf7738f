import type { Config } from "./config.ts";
import type { PlatformSettings, RelaySettings } from "./platforms/index.ts";

/** What the platforms take from the operator's settings; `sandbox` is the relay where a built-in mailbox stands in. */
export function platformSettings(config: Config, sandbox: RelaySettings | undefined): PlatformSettings {
  const relay = config.smtpUrl === "" ? sandbox : { url: config.smtpUrl };
  return {
    ...(relay === undefined ? {} : { relay }),
    ...(config.mailDomain === "" ? {} : { mailDomain: config.mailDomain }),
    ...(config.dummyLedger === "" ? {} : { dummyLedger: config.dummyLedger }),
  };
}

/** Without a relay and outside production, mail goes to a built-in mailbox, so that a first try needs no mail server. */
export function wantsSandbox(config: Config): boolean {
  if (config.smtpUrl !== "") return false;
  return config.sandbox === "on" || (config.sandbox === "auto" && !config.production);
}
