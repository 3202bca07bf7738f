import { resolveSrv } from "node:dns/promises";
import type { Socket } from "node:net";
import type { Egress } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";

/** Milliseconds for one TCP connection. */
const CONNECT_TIMEOUT_MS = 20_000;
const MAX_ENDPOINTS = 5;

/** A host and port that may serve the account's domain. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}
/** Looks up SRV records; the default asks the system's resolver. */
export type SrvLookup = (
  name: string,
) => Promise<ReadonlyArray<Endpoint & { readonly priority: number; readonly name: string }>>;

const systemLookup: SrvLookup = async (name) =>
  (await resolveSrv(name)).map((record) => ({ ...record, host: record.name }));

/**
 * Finds the server of an account: credentials first, then SRV records, then the domain. See RFC 6120 section 3.2.1
 * and XEP-0368.
 */
export async function findEndpoints(
  domain: string,
  credentials: Credentials,
  lookup: SrvLookup = systemLookup,
): Promise<readonly Endpoint[]> {
  const { host, tls = "starttls" } = credentials;
  const port = credentials.port ?? (tls === "implicit" ? 5_223 : 5_222);
  if (host !== undefined) return [{ host, port }];
  const fallback = { host: domain.replace(/^\[(.*)\]$/, "$1"), port };
  if (credentials.port !== undefined || domain.startsWith("[")) return [fallback];
  // No records, or no answer, is the usual case of a small server: then the domain itself is tried.
  const records = await lookup(`_xmpp${tls === "implicit" ? "s" : ""}-client._tcp.${domain}`).catch(() => []);
  const usable = records.filter(({ name }) => name !== "" && name !== ".");
  return usable.length === 0
    ? [fallback]
    : [...usable].sort((first, second) => first.priority - second.priority).slice(0, MAX_ENDPOINTS);
}

/** Connects to the first endpoint that answers, through the egress guard; throws the last error. */
export async function connectFirst(
  endpoints: readonly Endpoint[],
  egress: Egress,
  signal: AbortSignal,
): Promise<Socket> {
  let lastError: unknown;
  for (const { host, port } of endpoints) {
    signal.throwIfAborted();
    try {
      return await egress.connect(host, port, { signal, timeoutMs: CONNECT_TIMEOUT_MS });
    } catch (thrown) {
      lastError = thrown;
    }
  }
  throw lastError;
}
