import ipaddr from "ipaddr.js";
import { Failure } from "../model/failure.ts";

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];
/** Range of all public IPv6 addresses given out so far (RFC 4291 section 2.4, IANA). */
const GLOBAL_V6: Range = ipaddr.parseCIDR("2000::/3");

/** Returns the failure for an address that users may not name, without the address. */
export function addressBlocked(
  detail = "The address is private, local or reserved; the gateway connects to public addresses only.",
): Failure {
  return new Failure({ kind: "permanent", code: "address-blocked", detail });
}

/**
 * Creates the check whether users' input may lead to an IP address.
 * Allowed are public unicast, and addresses inside one of `allowPrivate` (CIDR).
 * An IPv4 address mapped into IPv6 is judged as IPv4. Throws an `Error` for a CIDR that can't be read.
 */
export function addressCheck(allowPrivate: readonly string[]): (address: string) => boolean {
  const allowed = insideCheck(allowPrivate);
  return (address) => {
    // A zone (fe80::1%eth0) only exists on addresses that are local to a link.
    if (address.includes("%") || !ipaddr.isValid(address)) return false;
    const ip = ipaddr.process(address);
    if (allowed(address)) return true;
    return ip.range() === "unicast" && (ip.kind() === "ipv4" || inside(ip, GLOBAL_V6));
  };
}

/** Creates the check for addresses inside one of `allowPrivate`, and allows no other. */
export function insideCheck(allowPrivate: readonly string[]): (address: string) => boolean {
  const allowed = rangesOf(allowPrivate);
  return (address) => {
    if (address.includes("%") || !ipaddr.isValid(address)) return false;
    const ip = ipaddr.process(address);
    return allowed.some((range) => inside(ip, range));
  };
}

function rangesOf(allowPrivate: readonly string[]): readonly Range[] {
  return allowPrivate.map((cidr) =>
    ipaddr.parseCIDR(cidr.includes("/") ? cidr : `${cidr}/${cidr.includes(":") ? 128 : 32}`),
  );
}

function inside(ip: ipaddr.IPv4 | ipaddr.IPv6, [base, bits]: Range): boolean {
  return ip.kind() === base.kind() && ip.match(base as never, bits);
}
