import { domainToASCII } from "node:url";

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = "[\\p{L}\\p{N}][\\p{L}\\p{N}\\p{M}-]*";
/**
 * The addresses we take: dot-atom@domain (RFC 5322 section 3.4.1), the domain in any script. Quoted local parts, comments,
 * literals and SMTPUTF8 local parts are refused: what has one reading only can't be read differently on the way.
 */
export const ADDRESS_PATTERN = `^${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})*$`;
const address = new RegExp(ADDRESS_PATTERN, "u");
const asciiDomain = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
/** A domain that ends so is an IP address in one of its spellings, not a name. */
const endsInNumber = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i;

/** The address as it goes over the wire, its domain in ASCII (IDNA); undefined when it is not one we take. */
export function wireAddress(text: string): string | undefined {
  if (!address.test(text)) return undefined;
  const at = text.lastIndexOf("@");
  const local = text.slice(0, at);
  const written = text.slice(at + 1);
  const domain = asciiDomain.test(written) ? written : domainToASCII(written);
  const fits = asciiDomain.test(domain) && !endsInNumber.test(domain) && local.length <= 64;
  return fits && local.length + domain.length < 254 ? `${local}@${domain}` : undefined;
}

/** The domain of an address in wire form. */
export function domainOf(wire: string): string {
  return wire.slice(wire.lastIndexOf("@") + 1);
}
