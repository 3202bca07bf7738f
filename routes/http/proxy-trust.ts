import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import ipaddr from "ipaddr.js";
import proxyAddr from "proxy-addr";

/** Trusted facts about the way of a request. */
export interface ProxyTrust {
  /** The client's address, or `unix` for a peer on our socket that names none. */
  readonly clientIp: (req: IncomingMessage) => string;
  /** `https://host[:port]` as the browser sees us; undefined when the request names no usable host. */
  readonly ownOrigin: (req: IncomingMessage) => string | undefined;
  readonly isHttps: (req: IncomingMessage) => boolean;
}

/**
 * Reads the `X-Forwarded-*` headers as Express does, but only from trusted proxies. `trustProxy` is a number of hops or
 * a list of addresses, CIDR ranges and the names loopback, linklocal and uniquelocal. A unix socket is a trusted hop.
 */
export function proxyTrust(trustProxy: number | readonly string[]): ProxyTrust {
  const listed = typeof trustProxy === "number" ? undefined : proxyAddr.compile([...trustProxy]);
  const trusted = (address: string | undefined, hop: number): boolean => {
    if (address === undefined || address === "") return hop === 0;
    return listed === undefined ? hop < (trustProxy as number) : listed(address, hop);
  };
  const first = (req: IncomingMessage, header: string): string | undefined => {
    const value = trusted(req.socket.remoteAddress, 0) ? req.headers[header] : undefined;
    return typeof value === "string" ? value.split(",", 1)[0]?.trim() : undefined;
  };
  const isHttps = (req: IncomingMessage): boolean =>
    (first(req, "x-forwarded-proto")?.toLowerCase() ?? ((req.socket as TLSSocket).encrypted ? "https" : "http")) ===
    "https";

  return {
    isHttps,
    clientIp: (req) => {
      const address = proxyAddr(req, trusted) as string | undefined;
      if (address !== undefined && ipaddr.isValid(address)) return address;
      return req.socket.remoteAddress ?? "unix";
    },
    ownOrigin: (req) => {
      const host = first(req, "x-forwarded-host") ?? req.headers.host;
      const text = `${isHttps(req) ? "https" : "http"}://${host}`;
      if (host === undefined || !/^[A-Za-z0-9.:[\]_-]+$/.test(host) || !URL.canParse(text)) return undefined;
      return new URL(text).origin;
    },
  };
}
