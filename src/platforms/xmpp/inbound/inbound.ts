import type { Failure } from "../../../model/failure.ts";
import type { DeliveryReceipt } from "../../../platform/connection.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import type { Stanza } from "../client/library.ts";
import { refusal } from "../errors.ts";

/** What a stanza of the network means for the app, and what is answered once that was stored. */
export interface Brought {
  readonly arrival?: InboundEvent;
  readonly report?: DeliveryReceipt;
  readonly answer?: Stanza;
}

/** What the mapping knows of the account. */
export interface Me {
  /** Our bare JID. */
  readonly bare: string;
  /** The account's address as stored. */
  readonly address: string;
  /** How the resources of this app's sessions begin. */
  readonly prefix: string;
  readonly rooms: ReadonlyMap<string, Room>;
}

/** A room that the account is in. */
export interface Room {
  readonly nick: string;
  /** Nicknames in it, up to a bound: to tell who comes from who only changes. */
  readonly occupants: Set<string>;
}

/** When it was sent, if it says so (XEP-0203). */
export function stampOf(stanza: Stanza | undefined): string | undefined {
  const stamp: unknown = stanza?.getChild("delay", "urn:xmpp:delay")?.attrs.stamp;
  const time = typeof stamp === "string" ? Date.parse(stamp) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

/** What is kept of one text, and of one attribute: a stanza may be much longer. */
const TEXT_CHARACTERS = 65_536;
const ATTRIBUTE_CHARACTERS = 4_096;

/** An element's text, where it has one; cut where it is too long. */
export function textOf(stanza: Stanza, name: string, xmlns?: string): string | undefined {
  const child = xmlns === undefined ? stanza.getChild(name) : stanza.getChild(name, xmlns);
  const text = child?.text();
  return text === undefined || text === "" ? undefined : text.slice(0, TEXT_CHARACTERS).toWellFormed();
}

/** An attribute that has something in it; none where it is longer than any id or JID. */
export function attr(stanza: Stanza | undefined, name: string): string | undefined {
  const value: unknown = stanza?.attrs[name];
  return typeof value === "string" && value !== "" && value.length <= ATTRIBUTE_CHARACTERS ? value : undefined;
}

/** What an error stanza means; `joining` where it answers the wish to enter a room. */
export function refusedBy(stanza: Stanza, joining = false): Failure {
  const error = stanza.getChild("error");
  const condition = error?.getChildElements().find(({ name }) => name !== "text")?.name ?? "";
  return refusal(condition, attr(error, "type") ?? "", joining);
}
