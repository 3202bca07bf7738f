import { domainToASCII } from "node:url";

/** Characters that no JID's local part has (RFC 7622 section 3.3): controls, spaces and XML's and JIDs' own marks. */
const LOCAL = "[^\\p{Cc}\\p{Cs}\\p{Z}\"&'/:<>@\\ufffe\\uffff]+";
const DOMAIN = "(?:[\\p{L}\\p{N}\\p{M}.-]+|\\[[0-9A-Fa-f:.]+\\])";
const RESOURCE = "[^\\p{Cc}\\p{Cs}\\ufffe\\uffff]+";

/** Patterns (flag u) for JSON Schema: an account or room, anything that can be addressed, and a nickname. */
export const BARE_JID = `^${LOCAL}@${DOMAIN}$`;
export const ANY_JID = `^(?:${LOCAL}@)?${DOMAIN}(?:/${RESOURCE})?$`;
export const NICK = `^${RESOURCE}$`;
/** Text that XML 1.0 can carry (section 2.2). */
export const TEXT = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\p{Cs}\\ufffe\\uffff]*$";
const CARRIED = new RegExp(TEXT, "u");

/** Whether XML 1.0 can carry a text: the last look before anything is written. */
export function isCarried(text: string): boolean {
  return CARRIED.test(text);
}

/** A JID without its resource, its domain in lower case, as servers compare them. */
export function bare(jid: string): string {
  const slash = jid.indexOf("/");
  const whole = slash === -1 ? jid : jid.slice(0, slash);
  return whole.toLowerCase();
}

/** What stands behind the first slash: a session's name, or a nickname in a room; empty where there is none. */
export function resource(jid: string): string {
  const slash = jid.indexOf("/");
  return slash === -1 ? "" : jid.slice(slash + 1);
}

export function domain(jid: string): string {
  const whole = bare(jid);
  return whole.slice(whole.indexOf("@") + 1);
}

export function local(jid: string): string {
  const whole = bare(jid);
  const at = whole.indexOf("@");
  return at === -1 ? "" : whole.slice(0, at);
}

/** Whether a JID keeps the lengths and the domain's form, which a pattern can't say (RFC 7622 section 3). */
export function isSound(jid: string): boolean {
  const parts = [local(jid), resource(jid)];
  if (parts.some((part) => Buffer.byteLength(part) > 1_023)) return false;
  const name = domain(jid);
  if (name.startsWith("[")) return domainToASCII(name) !== "";
  const ascii = domainToASCII(name);
  return ascii !== "" && ascii.length <= 253 && ascii.split(".").every((label) => /^[^-].{0,61}$/.test(label));
}
