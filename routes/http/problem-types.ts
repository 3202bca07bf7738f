import type { Server } from "node:http";
import type { Duplex } from "node:stream";

/** Where a server describes its problem codes: the address before the code. */
const addresses = new WeakMap<object, string>();

/** Prefix on a server without documents. RFC 9457 section 4.2.1: the title says everything. */
const UNDESCRIBED = "about:blank#";

/**
 * Sets where a server describes its problem codes, `https://example.org/gateway/docs/errors/`.
 * Each problem's `type` is this address and the code. Without a public address the path is given, which clients resolve
 * against the address that they called (RFC 9457 section 3.1.1).
 */
export function describeProblemsAt(server: Server, address: string): void {
  addresses.set(server, address);
}

/** Returns the address before the code of problems answered on this connection. */
export function problemTypesOf(connection: Duplex | null | undefined): string {
  const { server } = (connection ?? {}) as { readonly server?: object };
  return (server && addresses.get(server)) ?? UNDESCRIBED;
}
