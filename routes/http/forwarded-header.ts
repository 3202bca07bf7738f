import type { IncomingMessage } from "node:http";
import parse from "forwarded-parse";

/** One proxy's entry of a `Forwarded` header, by RFC 7239. */
export interface ForwardedHop {
  /** Address that the proxy saw; undefined where it hides or does not know it. */
  readonly address: string | undefined;
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

/** Reads the `Forwarded` header, nearest proxy first. A malformed header says nothing. */
export function forwardedHops(req: IncomingMessage): readonly ForwardedHop[] {
  const header = req.headers.forwarded;
  if (header === undefined) return [];
  return parsed(header)
    .map((hop) => ({ address: addressOf(hop.for), proto: hop.proto, host: hop.host }))
    .reverse();
}

function parsed(header: string): ReadonlyArray<Readonly<Record<string, string | undefined>>> {
  try {
    return parse(header);
  } catch {
    return [];
  }
}

/** Returns the address of a node such as `[2001:db8::1]:4711`; undefined for names (section 6). */
function addressOf(node: string | undefined): string | undefined {
  const [, v6, v4] = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::\w+)?$/.exec(node ?? "") ?? [];
  return v6 ?? v4;
}
