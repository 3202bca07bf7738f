import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { AppShares } from "../app-shares.ts";
import { AnswerCache } from "./answer-cache.ts";
import { dnsQuery, notResolved, type Query } from "./query.ts";
import { readSystemConfig, type SystemConfig } from "./system-config.ts";

/** Finds every address of a name for an app. Rejects with Node's `ENOTFOUND` or `EAI_AGAIN`. */
export type Resolve = (host: string, request?: ResolveRequest) => Promise<readonly LookupAddress[]>;

/** Requester of a name resolution. */
export interface ResolveRequest {
  /** App whose share of the queries is used. */
  readonly app?: string;
  readonly signal?: AbortSignal;
}

/** Options of the resolver; tests replace the machine's. */
export interface ResolverOptions {
  readonly query?: Query;
  readonly readConfig?: () => Promise<SystemConfig>;
}

/** Queries of one app at once. Further ones wait, without effect on other apps. */
const MAX_QUERIES_PER_APP = 32;
/** Age at which the machine's files are read again. */
const CONFIG_MS = 5_000;

/**
 * Creates the resolver for hosts that users name.
 * Takes the hosts file first, then DNS with the machine's search domains.
 * Like `dns.lookup`, but without its threads, with a cache, and with a share of the queries for each app.
 */
export function resolver({ query, readConfig = readSystemConfig }: ResolverOptions = {}): Resolve {
  const cache = new AnswerCache();
  const shares = new AppShares(MAX_QUERIES_PER_APP);
  const system = cachedConfig(readConfig, query === undefined ? () => dnsQuery() : () => query);

  return async (host, { app = "", signal = new AbortController().signal } = {}) => {
    const name = host.toLowerCase();
    const { config, query: ask } = await system();
    const local = localAddresses(name, config);
    if (local) return inPreferredOrder(local);
    let lastError: unknown;
    for (const candidate of candidatesOf(name, config)) {
      const known = cache.peek(candidate);
      try {
        const { addresses } = await (known ??
          shares.run(app, signal, () => cache.get(candidate, () => ask(candidate))));
        return inPreferredOrder(addresses);
      } catch (error) {
        lastError = error;
        if (!isNotFound(error)) break;
      }
    }
    throw lastError ?? notResolved(host, "ENOTFOUND");
  };
}

/** Reads the machine's configuration again after `CONFIG_MS`. Later queries use the current name servers. */
function cachedConfig(readConfig: () => Promise<SystemConfig>, createQuery: () => Query) {
  let readAt = Number.NEGATIVE_INFINITY;
  let current: Promise<{ readonly config: SystemConfig; readonly query: Query }> | undefined;
  return () => {
    if (current && performance.now() - readAt < CONFIG_MS) return current;
    readAt = performance.now();
    current = readConfig().then((config) => ({ config, query: createQuery() }));
    return current;
  };
}

/** Returns addresses that need no DNS: hosts file, localhost (RFC 6761 section 6.3), numbers. */
function localAddresses(name: string, { hosts }: SystemConfig): LookupAddress[] | undefined {
  const plain = name.replace(/\.$/, "");
  const listed = hosts.get(plain);
  if (listed) return listed.map((address) => ({ address, family: isIP(address) }));
  if (plain === "localhost" || plain.endsWith(".localhost"))
    return ["127.0.0.1", "::1"].map((address) => ({ address, family: isIP(address) }));
  // Spellings such as 0x7f.1 are addresses to the C library, and must be checked as such.
  const last = plain.split(".").at(-1) ?? "";
  if (!/^(\d+|0x[\da-f]*)$/.test(last)) return undefined;
  const address = URL.canParse(`http://${plain}`) ? new URL(`http://${plain}`).hostname : "";
  return isIP(address) === 0 ? [] : [{ address, family: isIP(address) }];
}

/** Returns the full names to ask for, in order. With `ndots` dots the name itself comes first. */
function candidatesOf(name: string, { search, ndots }: SystemConfig): readonly string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const dots = name.split(".").length - 1;
  const searched = search.map((domain) => `${name}.${domain}`);
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOTFOUND";
}

/** Puts IPv6 first where the machine has a public IPv6 address, else IPv4 (RFC 6724). */
function inPreferredOrder(addresses: readonly LookupAddress[]): readonly LookupAddress[] {
  const preferred = hasPublicV6() ? 6 : 4;
  return [
    ...addresses.filter(({ family }) => family === preferred),
    ...addresses.filter(({ family }) => family !== preferred),
  ];
}

function hasPublicV6(): boolean {
  return Object.values(networkInterfaces()).some((entries) =>
    entries?.some(({ family, internal, address }) => family === "IPv6" && !internal && /^[23]/.test(address)),
  );
}
