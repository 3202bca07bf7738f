import { domainToASCII } from "node:url";
import { ADDRESS_LENGTH } from "../../../model/activity.ts";
import { CONTROLS, NAMELESS, SEPARATORS } from "../../../model/pattern-classes.ts";

/** Characters of a local part (RFC 7622 section 3.3): no controls, spaces or reserved marks. */
const LOCAL = `[^${CONTROLS}${SEPARATORS}"&'/:<>@\\ufffe\\uffff]+`;
const DOMAIN = `(?:[^\\u0000-,/:-@\\u005b-\\u0060\\u007b-\\u007f${NAMELESS}]+|\\[[0-9A-Fa-f:.]+\\])`;
const RESOURCE = `[^${CONTROLS}\\ufffe\\uffff]+`;

/** Patterns for JSON Schema: account or room, any JID, nickname. */
export const BARE_JID = `^${LOCAL}@${DOMAIN}$`;
export const ANY_JID = `^(?:${LOCAL}@)?${DOMAIN}(?:/${RESOURCE})?$`;
export const NICK = `^${RESOURCE}$`;
/** Text that XML 1.0 can carry (section 2.2). */
export const TEXT = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\ufffe\\uffff]*$";
const XML_TEXT = new RegExp(TEXT, "u");

/** Returns whether XML 1.0 can carry a text. Last check before a stanza is written. */
export function isXmlText(text: string): boolean {
  return text.isWellFormed() && XML_TEXT.test(text);
}

/** Returns a JID without its resource, in lower case, as servers compare JIDs. */
export function bare(jid: string): string {
  const slash = jid.indexOf("/");
  const withoutResource = slash === -1 ? jid : jid.slice(0, slash);
  return withoutResource.toLowerCase();
}

const ROOM_ADDRESS = new RegExp(BARE_JID, "u");

/** Returns whether a peer's address can be a room's. `join` takes such addresses. */
export function isRoomAddress(address: string): boolean {
  return address.length <= ADDRESS_LENGTH && ROOM_ADDRESS.test(address);
}

/** Returns the part after the first slash: session name or room nickname; else "". */
export function resource(jid: string): string {
  const slash = jid.indexOf("/");
  return slash === -1 ? "" : jid.slice(slash + 1);
}

export function domain(jid: string): string {
  const bareJid = bare(jid);
  return bareJid.slice(bareJid.indexOf("@") + 1);
}

export function local(jid: string): string {
  const bareJid = bare(jid);
  const at = bareJid.indexOf("@");
  return at === -1 ? "" : bareJid.slice(0, at);
}

/** Checks lengths and domain rules that no pattern can express (RFC 7622 section 3). */
export function isValidJid(jid: string): boolean {
  const parts = [local(jid), resource(jid)];
  if (parts.some((part) => Buffer.byteLength(part) > 1_023)) return false;
  const name = domain(jid);
  if (name.startsWith("[")) return domainToASCII(name) !== "";
  const ascii = domainToASCII(name);
  return ascii !== "" && ascii.length <= 253 && ascii.split(".").every((label) => /^[^-].{0,61}$/.test(label));
}
