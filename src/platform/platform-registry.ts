import { Refusal } from "../model/refusal.ts";
import type { Platform } from "./platform.ts";

/** The platforms that are switched on, by every name an app may use. */
export interface PlatformRegistry {
  readonly find: (name: string) => Platform | undefined;
  /** The platform of that name; throws `Refusal` `platform-unknown` that points at where it was named. */
  readonly require: (name: string, pointer: string) => Platform;
  /** The platform's own id, or the name itself for unknown names. */
  readonly canonicalId: (name: string) => string;
}

/** Returns the URI schemes of platforms' addresses: the first of each platform. */
export function schemeLookup(find: (name: string) => Platform | undefined) {
  return (platform: string): string | undefined => find(platform)?.uriSchemes?.[0];
}

/** Indexes platforms by id and aliases. */
export function platformRegistry(platforms: readonly Platform[]): PlatformRegistry {
  const byName = new Map(
    platforms.flatMap((platform) =>
      [platform.id, ...(platform.aliases ?? [])].map((name) => [name, platform] as const),
    ),
  );
  const find = (name: string): Platform | undefined => byName.get(name);
  return {
    find,
    canonicalId: (name) => find(name)?.id ?? name,
    require: (name, pointer) => {
      const platform = find(name);
      if (platform !== undefined) return platform;
      const detail = `must be one of ${platforms.map(({ id }) => id).join(", ")}`;
      throw new Refusal("platform-unknown", "GET /platforms lists the platforms and their verbs.", [
        { pointer, detail },
      ]);
    },
  };
}
