import type { Config } from "../config/settings.ts";
import type { Platform } from "../platform/platform.ts";
import { enabledPlatforms, type PlatformSettings, platforms, type RelaySettings } from "../platforms/index.ts";

/** Which platforms a process has; `sandbox` is the relay where a built-in mailbox stands in. */
export type ChoosePlatforms = (config: Config, sandbox: RelaySettings | undefined) => readonly Platform[];

/** Placeholder of the sandbox relay in an API process; the worker runs the sandbox. */
export const SANDBOX_ELSEWHERE = { sandbox: { host: "127.0.0.1", port: 0, password: "" } };

/** Returns the platforms that the settings enable. */
export const choosePlatforms: ChoosePlatforms = (config, sandbox) =>
  enabledPlatforms(config.platforms, platforms(platformSettings(config, sandbox)));

/** What the platforms take from the operator's settings. `sandbox` is the relay where a built-in mailbox stands in. */
function platformSettings(config: Config, sandbox: RelaySettings | undefined): PlatformSettings {
  const relay = config.smtpUrl === "" ? sandbox : { url: config.smtpUrl };
  return {
    ...(relay === undefined ? {} : { relay }),
    ...(config.mailDomain === "" ? {} : { mailDomain: config.mailDomain }),
    ...(config.xApiUrl === "" ? {} : { xApi: config.xApiUrl }),
    ...(config.facebookApiUrl === "" ? {} : { facebookApi: config.facebookApiUrl }),
    ...(config.telegramApiUrl === "" ? {} : { telegramApi: config.telegramApiUrl }),
    ...(config.dummyLedger === "" ? {} : { dummyLedger: config.dummyLedger }),
  };
}
