import { ConfigError } from "../config/settings.ts";
import type { Platform } from "../platform/platform.ts";
import { type DummySettings, dummy } from "./dummy/platform.ts";
import type { RelaySettings } from "./email/client/smtp/relay.ts";
import { type EmailSettings, email } from "./email/platform.ts";
import { type FacebookSettings, facebook } from "./facebook/platform.ts";
import { type FeedsSettings, feeds } from "./feeds/platform.ts";
import { type IrcSettings, irc } from "./irc/platform.ts";
import { type TelegramSettings, telegram } from "./telegram/platform.ts";
import { type TwitterSettings, twitter } from "./twitter/platform.ts";
import { webfinger } from "./webfinger/platform.ts";
import { webhook } from "./webhook/platform.ts";
import { type XmppSettings, xmpp } from "./xmpp/platform.ts";

/** Settings of all platforms. */
export interface PlatformSettings
  extends DummySettings,
    EmailSettings,
    FacebookSettings,
    FeedsSettings,
    IrcSettings,
    TelegramSettings,
    TwitterSettings,
    XmppSettings {}
export type { RelaySettings };

/** Lists all platforms; a new platform is a folder and a line here. */
export function platforms(settings: PlatformSettings): readonly Platform[] {
  return [
    email(settings),
    facebook(settings),
    feeds(settings),
    irc(settings),
    telegram(settings),
    twitter(settings),
    webfinger(),
    webhook(),
    xmpp(settings),
    dummy(settings),
  ];
}

/**
 * Returns the platforms that the setting PLATFORMS names by id or alias. An empty list means all but `dummy`, and `+id` adds
 * to those. Throws a `ConfigError` for an unknown name.
 */
export function enabledPlatforms(names: readonly string[], all: readonly Platform[]): readonly Platform[] {
  const named = new Set(names.map((name) => find(name.replace(/^\+/, ""), all)));
  const onlyAdded = names.every((name) => name.startsWith("+"));
  return all.filter((platform) => named.has(platform) || (onlyAdded && platform.id !== "dummy"));
}

function find(name: string, all: readonly Platform[]): Platform {
  const found = all.find(({ id, aliases = [] }) => id === name || aliases.includes(name));
  if (!found)
    throw new ConfigError("PLATFORMS", `takes a comma-separated list of ${all.map(({ id }) => id).join(", ")}`);
  return found;
}
