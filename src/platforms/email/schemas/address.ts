import { domainToASCII } from "node:url";
import { NAMELESS } from "../../../model/pattern-classes.ts";

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = `[^\\u0000-/:-@\\u005b-\\u0060\\u007b-\\u007f${NAMELESS}][^\\u0000-,./:-@\\u005b-\\u0060\\u007b-\\u007f${NAMELESS}]*`;
/**
 * Accepted addresses: dot-atom@domain (RFC 5322 section 3.4.1), the domain in any script. Quoted local parts, comments,
 * literals and SMTPUTF8 local parts are refused, since servers on the way may interpret such addresses differently.
 */
export const ADDRESS_PATTERN = `^${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})*$`;
const address = new RegExp(ADDRESS_PATTERN, "u");
const asciiDomain = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
/** End of an IP address in any spelling, as opposed to a domain name. */
const endsInNumber = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i;

/** Converts an address for SMTP, the domain in ASCII (IDNA). Undefined for an address that is not accepted. */
export function wireAddress(text: string): string | undefined {
  if (!address.test(text)) return undefined;
  const at = text.lastIndexOf("@");
  const local = text.slice(0, at);
  const written = text.slice(at + 1);
  const domain = asciiDomain.test(written) ? written : domainToASCII(written);
  const isAccepted = asciiDomain.test(domain) && !endsInNumber.test(domain) && local.length <= 64;
  return isAccepted && local.length + domain.length < 254 ? `${local}@${domain}` : undefined;
}

/** Returns the domain of an address in wire form. */
export function domainOf(wire: string): string {
  return wire.slice(wire.lastIndexOf("@") + 1);
}
