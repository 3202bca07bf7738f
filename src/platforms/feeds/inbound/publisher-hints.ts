import type { AnyFeed, AtomFeed, JsonFeed } from "feedsmith";
import { webAddress } from "../client/discover.ts";
import type { Wishes } from "../client/document/feed.ts";

const MINUTE_MS = 60_000;
const PERIODS: Readonly<Record<string, number>> = {
  hourly: 60 * MINUTE_MS,
  daily: 1_440 * MINUTE_MS,
  weekly: 7 * 1_440 * MINUTE_MS,
  monthly: 30 * 1_440 * MINUTE_MS,
  yearly: 365 * 1_440 * MINUTE_MS,
};
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** What a feed asks of those who poll it; `url` is where it was read. */
export function wishesOf(parsed: AnyFeed, url: string): Wishes {
  const { hub, self } = parsed.format === "json" ? jsonPlaces(parsed.feed) : linkedPlaces(parsed);
  return { ...limitsOf(parsed), ...given("hub", webAddress(hub, url)), ...given("self", webAddress(self, url)) };
}

type Places = Readonly<Record<"hub" | "self", string | undefined>>;

function jsonPlaces({ hubs, feed_url }: JsonFeed.Feed<string>): Places {
  return { hub: hubs?.find(({ type }) => type?.toLowerCase() === "websub")?.url, self: feed_url };
}

function linkedPlaces({ format, feed }: Exclude<AnyFeed, { format: "json" }>): Places {
  const links: AtomFeed.Feed<string>["links"] = format === "atom" ? feed.links : feed.atom?.links;
  const linked = (wanted: string) => links?.find(({ rel }) => rel?.toLowerCase() === wanted)?.href;
  return { hub: linked("hub"), self: linked("self") };
}

// The library reads hours and days only where there are several.
function limitsOf({ format, feed }: AnyFeed): Pick<Wishes, "leastMs" | "skipHours" | "skipDays"> {
  const sy = format === "json" ? undefined : feed.sy;
  const { ttl = 0, skipHours = [], skipDays = [] } = format === "rss" ? feed : {};
  const period = (PERIODS[sy?.updatePeriod?.trim().toLowerCase() ?? ""] ?? 0) / Math.max(1, sy?.updateFrequency ?? 1);
  const leastMs = Math.max(0, period || 0, ttl * MINUTE_MS || 0);
  const hours = new Set(skipHours.map((hour) => hour % 24).filter((hour) => Number.isInteger(hour) && hour >= 0));
  const days = new Set(skipDays.map((day) => DAYS.indexOf(day.slice(0, 3).toLowerCase())).filter((day) => day >= 0));
  return {
    ...(leastMs > 0 ? { leastMs } : {}),
    // Who would never be asked is asked at any time.
    ...(hours.size > 0 && hours.size < 24 ? { skipHours: [...hours] } : {}),
    ...(days.size > 0 && days.size < 7 ? { skipDays: [...days] } : {}),
  };
}

/** Hub and self of `Link` headers (RFC 8288), which come before those in the document. */
export function linkedBy(header: string | undefined, url: string): Pick<Wishes, "hub" | "self"> {
  const found = new Map<string, string>();
  for (const [, target = "", rest = ""] of (header ?? "").slice(0, 8_192).matchAll(/<([^<>]{1,2048})>([^<]*)/g)) {
    const rels = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(rest);
    const address = webAddress(target, url);
    for (const rel of (rels?.[1] ?? rels?.[2] ?? "").toLowerCase().split(/\s+/)) {
      if (address !== undefined && !found.has(rel)) found.set(rel, address);
    }
  }
  return { ...given("hub", found.get("hub")), ...given("self", found.get("self")) };
}

function given<Key extends string>(key: Key, value: string | undefined): { [K in Key]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: string };
}
