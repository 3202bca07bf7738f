import ipaddr from "ipaddr.js";
import type { Activity, Attachment } from "../model/activity.ts";
import type { ValidationError } from "../model/validate.ts";

/**
 * Returns an error for each attachment URL with a login or a private address. A name's addresses
 * are checked when the URL is opened. `mayReach` judges an IP address, see `addressCheck`.
 */
export function attachmentErrors(
  { object }: Pick<Activity, "object">,
  mayReach: (address: string) => boolean,
): readonly ValidationError[] {
  const attachments = (object.attachments ?? []) as readonly Attachment[];
  return attachments.flatMap(({ url }, index) => {
    const detail = url === undefined ? undefined : urlError(url, mayReach);
    return detail === undefined ? [] : [{ pointer: `/object/attachments/${index}/url`, detail }];
  });
}

/** Returns why a URL can't be opened. A login, a private address, or no URL at all. */
export function urlError(text: string, mayReach: (address: string) => boolean): string | undefined {
  if (!URL.canParse(text)) return "must be a complete http or https address";
  const { hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return "must not contain a login";
  // The parser has turned every spelling of an address (0x7f.1, 2130706433) into the usual one.
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const addresses = ipaddr.isValid(host) ? [host] : /(^|\.)localhost\.?$/.test(host) ? ["127.0.0.1", "::1"] : [];
  const blocked = addresses.length > 0 && !addresses.some(mayReach);
  return blocked ? "must not lead to a private, local or reserved address" : undefined;
}
