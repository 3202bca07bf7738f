import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import ipaddr from "ipaddr.js";
import proxyAddr from "proxy-addr";
import { type ForwardedHop, forwardedHops } from "./forwarded-header.ts";

/** Trusted facts about the way of a request. */
export interface ProxyTrust {
  /** The client's address, or `unix` for a peer on our socket that names none. */
  readonly clientIp: (req: IncomingMessage) => string;
  /** `https://host[:port]` as the browser sees us; undefined when the request names no usable host. */
  readonly ownOrigin: (req: IncomingMessage) => string | undefined;
  readonly isHttps: (req: IncomingMessage) => boolean;
}

type IsTrusted = (address: string | undefined, hop: number) => boolean;

const NOTHING: ForwardedHop = { address: undefined, proto: undefined, host: undefined };

/**
 * Reads forwarding headers, but only those of trusted proxies. `trustProxy` is a number of hops or a list of addresses,
 * CIDR ranges and the names loopback, linklocal and uniquelocal. A unix socket is a trusted hop.
 *
 * @param header Lower-case name of the header that names the client: `x-forwarded-for`, read as Express does;
 *   `forwarded` (RFC 7239), which names scheme and host as well; or one that holds a single address, such as
 *   `cf-connecting-ip`. Others are not read, since a proxy that does not set them hands a client's own on.
 */
export function proxyTrust(trustProxy: number | readonly string[], header = "x-forwarded-for"): ProxyTrust {
  const isTrusted = trustOf(trustProxy);
  const told = toldBy(isTrusted, header);
  const isHttps = (req: IncomingMessage): boolean => {
    const proto = told(req).proto ?? ((req.socket as TLSSocket).encrypted ? "https" : "http");
    return proto.toLowerCase() === "https";
  };
  return {
    isHttps,
    clientIp: (req) => {
      const { address } = told(req);
      if (address !== undefined && ipaddr.isValid(address)) return address;
      return req.socket.remoteAddress ?? "unix";
    },
    ownOrigin: (req) => {
      const host = told(req).host ?? req.headers.host;
      const text = `${isHttps(req) ? "https" : "http"}://${host}`;
      if (host === undefined || !/^[A-Za-z0-9.:[\]_-]+$/.test(host) || !URL.canParse(text)) return undefined;
      return new URL(text).origin;
    },
  };
}

function trustOf(trustProxy: number | readonly string[]): IsTrusted {
  const listed = typeof trustProxy === "number" ? undefined : proxyAddr.compile([...trustProxy]);
  return (address, hop) => {
    if (address === undefined || address === "") return hop === 0;
    return listed === undefined ? hop < (trustProxy as number) : listed(address, hop);
  };
}

function toldBy(isTrusted: IsTrusted, header: string): (req: IncomingMessage) => ForwardedHop {
  if (header === "forwarded") return (req) => outermost(isTrusted, req);
  const first = (req: IncomingMessage, name: string): string | undefined => {
    const value = req.headers[name];
    return typeof value === "string" ? value.split(",", 1)[0]?.trim() : undefined;
  };
  return (req) => {
    if (!isTrusted(req.socket.remoteAddress, 0)) return NOTHING;
    return {
      address: header === "x-forwarded-for" ? proxyAddr(req, isTrusted) : first(req, header),
      proto: first(req, "x-forwarded-proto"),
      host: first(req, "x-forwarded-host"),
    };
  };
}

/** Returns the entry of the outermost trusted proxy, which saw the client. */
function outermost(isTrusted: IsTrusted, req: IncomingMessage): ForwardedHop {
  let told = NOTHING;
  let address = req.socket.remoteAddress;
  for (const [index, hop] of forwardedHops(req).entries()) {
    if (!isTrusted(address, index)) break;
    told = hop;
    if (hop.address === undefined) break;
    address = hop.address;
  }
  return told;
}
