import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { InvalidArgumentError, Option } from "commander";

/** Address of the gateway, as every proxy's command takes it. */
export function gatewayOption(): Option {
  return new Option(
    "--gateway <address...>",
    "address of the gateway: host:port or unix:/path (default: 127.0.0.1:8000)",
  ).argParser(addresses);
}

/** Options that every proxy's command takes. */
export interface ProxyOptions {
  readonly gateway?: readonly string[];
  readonly path: string;
  readonly notify: string;
  readonly hsts?: string;
  readonly tlsCert?: string;
  /** Addresses of load balancers that say by PROXY protocol who the visitor is. */
  readonly acceptProxyProtocol?: readonly string[];
  /** Folder that the files are written to; printed without it. */
  readonly out?: string;
  /** Address of a site to check instead. */
  readonly check?: string;
  /** True: its report as JSON. */
  readonly json?: boolean;
}

/** The gateway's BASE_PATH, as every proxy's command takes it. */
export function pathOption(): Option {
  return new Option("--path <prefix>", "BASE_PATH of the gateway, / for none").default("/gateway").argParser(prefix);
}

/** Refusal of `--path /` where the gateway shares a name with a site. */
export const NEEDS_PREFIX = "without a prefix the gateway needs its own host name: haproxy --routing subdomain.";

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

/** Word that cannot start another directive. Throws commander's InvalidArgumentError. */
export function word(value: string): string {
  if (!/^[^\s;{}'"$\\]+$/.test(value))
    throw new InvalidArgumentError("It takes one word without quotes, blanks or semicolons.");
  return value;
}

/** Collects words. Throws commander's InvalidArgumentError. */
export function words(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), word(value)];
}

/** The short path, as every proxy's command takes it. */
export function notifyOption(): Option {
  return new Option(
    "--notify <path>",
    "short path of socket and event stream, none where the site has a socket or stream of its own there",
  )
    .default("/notify")
    .argParser(shortPath);
}

function shortPath(value: string): string {
  if (value !== "none" && !/^(\/[\w.~-]+)+$/.test(value))
    throw new InvalidArgumentError("It takes a path such as /notify, or none.");
  return value;
}

/** Option for Strict-Transport-Security of the whole name. */
export function hstsOption(): Option {
  return new Option("--hsts <seconds>", "Strict-Transport-Security for the whole name, e.g. 31536000").argParser(
    (value) => {
      if (!/^\d{1,10}$/.test(value)) throw new InvalidArgumentError("It takes a number of seconds.");
      return value;
    },
  );
}

/** Load balancers that speak the PROXY protocol, as nginx and HAProxy take them. */
export function proxyProtocolOption(): Option {
  return new Option(
    "--accept-proxy-protocol <cidr...>",
    "addresses of your load balancers that say by PROXY protocol who the visitor is, e.g. 10.0.0.0/24",
  ).argParser(ranges);
}

/** Collects addresses and ranges of addresses. Throws commander's InvalidArgumentError. */
function ranges(value: string, before: readonly string[] | undefined): readonly string[] {
  const [address = "", bits, ...more] = value.split("/");
  const version = isIP(address);
  const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
  if (version === 0 || !isRange || more.length > 0)
    throw new InvalidArgumentError("It takes an address or a range such as 10.0.0.0/24 or fd00::/8.");
  return [...(before ?? []), value];
}

/** Says which file is not of this site; undefined when all may be written. */
export async function foreignFile(out: string, files: ReadonlyMap<string, string>): Promise<string | undefined> {
  const nameIn = (text: string) => /[\s{;]server_name\s([^;]{1,1000});/.exec(text)?.[1]?.trim();
  for (const [path, text] of files) {
    const old = await readFile(join(out, path), "utf8").catch(() => undefined);
    if (old === undefined || old === text) continue;
    const [mine, theirs] = [nameIn(text), nameIn(old)];
    if (mine !== theirs || old.split("\n", 1)[0] !== text.split("\n", 1)[0])
      return `${join(out, path)} is not of this site${theirs === undefined ? "" : ` (server_name ${theirs})`}: give the site a --name, or take that file away.`;
  }
  return undefined;
}
