import { readFile } from "node:fs/promises";
import { isIP } from "node:net";

/** Name resolution as the machine is configured: hosts(5) and resolv.conf(5). */
export interface SystemConfig {
  /** Addresses by name in lower case, from the hosts file. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  /** Domains that are appended to short names. */
  readonly search: readonly string[];
  /** Number of dots from which a name is tried without the search domains first. */
  readonly ndots: number;
}

const MAX_SEARCH_DOMAINS = 6;

/** Reads both files; a file that is missing counts as empty. */
export async function readSystemConfig(
  hostsFile = "/etc/hosts",
  resolvFile = "/etc/resolv.conf",
): Promise<SystemConfig> {
  const [hosts, resolv] = await Promise.all([textOf(hostsFile), textOf(resolvFile)]);
  return { hosts: parseHosts(hosts), ...parseResolvConf(resolv) };
}

/** Parses a hosts file: `address name alias…` per line. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const [address, ...names] of fieldsOf(text, /#.*/)) {
    if (address === undefined || isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      hosts.set(key, [...(hosts.get(key) ?? []), address]);
    }
  }
  return hosts;
}

/** Parses the search domains and `ndots` of a resolver configuration. The last line of a kind counts. */
export function parseResolvConf(text: string): Pick<SystemConfig, "search" | "ndots"> {
  let search: readonly string[] = [];
  let ndots = 1;
  for (const [keyword, ...values] of fieldsOf(text, /[#;].*/)) {
    if (keyword === "search" || keyword === "domain") search = values.slice(0, MAX_SEARCH_DOMAINS);
    const option = keyword === "options" ? values.find((value) => /^ndots:\d+$/.test(value)) : undefined;
    if (option !== undefined) ndots = Math.min(15, Number(option.slice("ndots:".length)));
  }
  return { search: search.map((domain) => domain.replace(/\.$/, "")).filter((domain) => domain !== ""), ndots };
}

function fieldsOf(text: string, comment: RegExp): string[][] {
  return text.split("\n").map((line) =>
    line
      .replace(comment, "")
      .split(/\s+/)
      .filter((field) => field !== ""),
  );
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return "";
  }
}
