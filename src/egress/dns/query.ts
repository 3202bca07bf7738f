import type { LookupAddress } from "node:dns";
import { Resolver } from "node:dns/promises";

/** Addresses of a name, and the seconds for which they hold. */
export interface Answer {
  readonly addresses: readonly LookupAddress[];
  readonly ttlSeconds: number;
}

/** Asks the name servers for every address of a full name. Rejects with Node's `ENOTFOUND` or `EAI_AGAIN`. */
export type Query = (name: string) => Promise<Answer>;

/** Options of queries; the default name servers are those of the machine. */
export interface QueryOptions {
  readonly servers?: readonly string[];
  /** Time-out of one packet, which is sent twice. */
  readonly timeoutMs?: number;
}

/** Delay for the second family after the first answer. RFC 8305 section 3 has 50 ms; servers may be far. */
const OTHER_FAMILY_MS = 300;
/** Answers that say that there is nothing of the kind. */
const NONE = new Set(["ENOTFOUND", "ENODATA"]);

/**
 * Creates queries by c-ares, which waits without a thread.
 * `dns.lookup` waits in one of the four threads of libuv's pool, so that four slow names stop all others.
 */
export function dnsQuery({ servers, timeoutMs = 2_000 }: QueryOptions = {}): Query {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers) resolver.setServers(servers);
  return async (name) => {
    const families = [
      family(resolver.resolve4(name, { ttl: true }), 4),
      family(resolver.resolve6(name, { ttl: true }), 6),
    ];
    const answers = await settledFamilies(families);
    const addresses = answers.flatMap((answer) => (answer instanceof Error ? [] : answer.addresses));
    if (addresses.length === 0) throw lookupError(name, answers);
    const ttls = answers.flatMap((answer) => (answer instanceof Error ? [] : [answer.ttlSeconds]));
    return { addresses, ttlSeconds: Math.min(...ttls) };
  };
}

type FamilyAnswer = Answer | Error;

async function family(
  records: Promise<ReadonlyArray<{ readonly address: string; readonly ttl: number }>>,
  number: 4 | 6,
): Promise<FamilyAnswer> {
  try {
    const found = await records;
    const addresses = found.map(({ address }) => ({ address, family: number }));
    return { addresses, ttlSeconds: Math.min(...found.map(({ ttl }) => ttl)) };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Waits for both families, but not long for a second one. */
async function settledFamilies(families: ReadonlyArray<Promise<FamilyAnswer>>): Promise<readonly FamilyAnswer[]> {
  const answers: FamilyAnswer[] = [];
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    for (const answer of families)
      void answer.then((settled) => {
        answers.push(settled);
        if (answers.length === families.length) resolve();
        else if (!(settled instanceof Error)) timer = setTimeout(resolve, OTHER_FAMILY_MS);
      });
  });
  clearTimeout(timer);
  return [...answers];
}

/** Returns the error as `dns.lookup` has it, since the platforms' error tables know those codes. */
function lookupError(name: string, answers: readonly FamilyAnswer[]): Error {
  const codes = answers.map((answer) => (answer instanceof Error && "code" in answer ? String(answer.code) : ""));
  const code = codes.every((found) => NONE.has(found)) ? "ENOTFOUND" : "EAI_AGAIN";
  return notResolved(name, code);
}

/** Returns an error of a name that was not resolved. */
export function notResolved(hostname: string, code: "ENOTFOUND" | "EAI_AGAIN"): Error {
  return Object.assign(new Error(`getaddrinfo ${code} ${hostname}`), { code, syscall: "getaddrinfo", hostname });
}
