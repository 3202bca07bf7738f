import type { AnyFeed, AtomFeed, JsonFeed } from "feedsmith";
import { optional } from "../../../../model/optional.ts";
import type { PublisherHints } from "./jobs.ts";
import { webAddress } from "./web-address.ts";

const MINUTE_MS = 60_000;
const PERIOD_MS: Readonly<Record<string, number>> = {
  hourly: 60 * MINUTE_MS,
  daily: 1_440 * MINUTE_MS,
  weekly: 7 * 1_440 * MINUTE_MS,
  monthly: 30 * 1_440 * MINUTE_MS,
  yearly: 365 * 1_440 * MINUTE_MS,
};
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** Reads a feed's hints to pollers; `url` is the document's address. */
export function hintsOf(parsed: AnyFeed, url: string): PublisherHints {
  const { hub, self } = parsed.format === "json" ? jsonLinks(parsed.feed) : atomLinks(parsed);
  return { ...limitsOf(parsed), ...optional("hub", webAddress(hub, url)), ...optional("self", webAddress(self, url)) };
}

type HubLinks = Readonly<Record<"hub" | "self", string | undefined>>;

function jsonLinks({ hubs, feed_url }: JsonFeed.Feed<string>): HubLinks {
  return { hub: hubs?.find(({ type }) => type?.toLowerCase() === "websub")?.url, self: feed_url };
}

function atomLinks({ format, feed }: Exclude<AnyFeed, { format: "json" }>): HubLinks {
  const links: AtomFeed.Feed<string>["links"] = format === "atom" ? feed.links : feed.atom?.links;
  const linkOf = (relation: string) => links?.find(({ rel }) => rel?.toLowerCase() === relation)?.href;
  return { hub: linkOf("hub"), self: linkOf("self") };
}

// The library reads hours and days only where there are several.
function limitsOf({ format, feed }: AnyFeed): Pick<PublisherHints, "leastMs" | "skipHours" | "skipDays"> {
  const sy = format === "json" ? undefined : feed.sy;
  const { ttl = 0, skipHours = [], skipDays = [] } = format === "rss" ? feed : {};
  const period = PERIOD_MS[sy?.updatePeriod?.trim().toLowerCase() ?? ""] ?? 0;
  const leastMs = Math.max(0, period / Math.max(1, sy?.updateFrequency ?? 1) || 0, ttl * MINUTE_MS || 0);
  const hours = new Set(skipHours.map((hour) => hour % 24).filter((hour) => Number.isInteger(hour) && hour >= 0));
  const days = new Set(skipDays.map((day) => DAYS.indexOf(day.slice(0, 3).toLowerCase())).filter((day) => day >= 0));
  return {
    ...(leastMs > 0 ? { leastMs } : {}),
    // Hours or days that leave no time at all are ignored.
    ...(hours.size > 0 && hours.size < 24 ? { skipHours: [...hours] } : {}),
    ...(days.size > 0 && days.size < 7 ? { skipDays: [...days] } : {}),
  };
}

/** Reads hub and self of `Link` headers (RFC 8288). They precede the document's links. */
export function linkHeaderHints(header: string | undefined, url: string): Pick<PublisherHints, "hub" | "self"> {
  const links = new Map<string, string>();
  for (const [, href = "", rest = ""] of (header ?? "").slice(0, 8_192).matchAll(/<([^<>]{1,2048})>([^<]*)/g)) {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(rest);
    const address = webAddress(href, url);
    for (const relation of (rel?.[1] ?? rel?.[2] ?? "").toLowerCase().split(/\s+/)) {
      if (address !== undefined && !links.has(relation)) links.set(relation, address);
    }
  }
  return { ...optional("hub", links.get("hub")), ...optional("self", links.get("self")) };
}
