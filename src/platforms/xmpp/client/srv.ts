import { resolveSrv } from "node:dns/promises";
import type { Socket } from "node:net";
import type { Egress } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";

export interface Place {
  readonly host: string;
  readonly port: number;
}
/** Looks up SRV records; the default asks the system's resolver. */
export type Srv = (
  name: string,
) => Promise<ReadonlyArray<Place & { readonly priority: number; readonly name: string }>>;

const systemSrv: Srv = async (name) => (await resolveSrv(name)).map((one) => ({ ...one, host: one.name }));

/** Where an account's server is: as its credentials say, else by SRV (RFC 6120 section 3.2.1, XEP-0368), else its domain. */
export async function places(
  domain: string,
  credentials: Credentials,
  srv: Srv = systemSrv,
): Promise<readonly Place[]> {
  const { host, tls = "starttls" } = credentials;
  const port = credentials.port ?? (tls === "implicit" ? 5_223 : 5_222);
  if (host !== undefined) return [{ host, port }];
  const itself = { host: domain.replace(/^\[(.*)\]$/, "$1"), port };
  if (credentials.port !== undefined || domain.startsWith("[")) return [itself];
  // No records, or no answer, is the usual case of a small server: then the domain itself is asked.
  const found = await srv(`_xmpp${tls === "implicit" ? "s" : ""}-client._tcp.${domain}`).catch(() => []);
  const named = found.filter(({ name }) => name !== "" && name !== ".");
  return named.length === 0 ? [itself] : [...named].sort((a, b) => a.priority - b.priority).slice(0, 5);
}

/** Dials one place after the other through the egress guard; throws what the last one threw. */
export async function dial(found: readonly Place[], egress: Egress, signal: AbortSignal): Promise<Socket> {
  let last: unknown;
  for (const { host, port } of found) {
    signal.throwIfAborted();
    try {
      return await egress.connect(host, port, { signal, timeoutMs: 20_000 });
    } catch (thrown) {
      last = thrown;
    }
  }
  throw last;
}
