import { InvalidArgumentError, Option } from "commander";

/** Address of the gateway, as every proxy's command takes it. */
export function gatewayOption(): Option {
  return new Option(
    "--gateway <address...>",
    "where the gateway listens: host:port or unix:/path (default: 127.0.0.1:8000)",
  ).argParser(addresses);
}

/** The gateway's BASE_PATH, as every proxy's command takes it. */
export function pathOption(): Option {
  return new Option("--path <prefix>", "BASE_PATH of the gateway, / for none").default("/gateway").argParser(prefix);
}

/** Refusal of `--path /` where the gateway shares a name with a site. */
export const NEEDS_PREFIX = "without a prefix the gateway needs a name of its own: haproxy --routing subdomain.";

/** Collects addresses of nodes: `host:port`, `[v6]:port` or `unix:/path`. Throws commander's InvalidArgumentError. */
export function addresses(value: string, before: readonly string[] | undefined): readonly string[] {
  if (!/^([\w.-]+:\d{1,5}|\[[0-9a-fA-F:.]+\]:\d{1,5}|unix:\/[\w./-]+)$/.test(value))
    throw new InvalidArgumentError("It takes host:port, [v6]:port or unix:/path.");
  return [...(before ?? []), value];
}

/** A base path such as `/gateway`. Empty for `/`, which means that the gateway has its name to itself. */
function prefix(value: string): string {
  if (value === "/") return "";
  if (!/^(\/[\w.~-]+)+$/.test(value))
    throw new InvalidArgumentError("It takes a path such as /gateway, without a slash at its end, or / for none.");
  return value;
}

/** Word that cannot begin a directive of its own. Throws commander's InvalidArgumentError. */
export function word(value: string): string {
  if (!/^[^\s;{}'"$\\]+$/.test(value))
    throw new InvalidArgumentError("It takes one word without quotes, blanks or semicolons.");
  return value;
}
