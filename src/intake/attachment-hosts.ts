import ipaddr from "ipaddr.js";
import type { Activity, Attachment } from "../model/activity.ts";
import type { ValidationError } from "../model/validate.ts";

/**
 * The attachments whose URL says by itself that it leads into a private network or carries a login. What a name resolves
 * to is only known, and checked again, when it is opened. `mayReach` judges an IP address, see `addressCheck`.
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

/** What an address says by itself that it can't be opened, if anything: no login, no private network. */
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
