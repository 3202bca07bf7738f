import type { Failure } from "../../../model/failure.ts";
import { stanzaFailure } from "../errors.ts";
import type { Stanza } from "./library.ts";

/** Characters kept of a text and of an attribute; a stanza may be much longer. */
const MAX_TEXT_CHARACTERS = 65_536;
const MAX_ATTRIBUTE_CHARACTERS = 4_096;

/** Returns a non-empty attribute; undefined where the value is longer than any id or JID. */
export function attr(stanza: Stanza | undefined, name: string): string | undefined {
  const value: unknown = stanza?.attrs[name];
  return typeof value === "string" && value !== "" && value.length <= MAX_ATTRIBUTE_CHARACTERS ? value : undefined;
}

/** Returns a child element's non-empty text, cut at the maximum length. */
export function textOf(stanza: Stanza, name: string, xmlns?: string): string | undefined {
  const child = xmlns === undefined ? stanza.getChild(name) : stanza.getChild(name, xmlns);
  const text = child?.text();
  return text === undefined || text === "" ? undefined : text.slice(0, MAX_TEXT_CHARACTERS).toWellFormed();
}

/** Returns the delay stamp of a stanza (XEP-0203) as an ISO time. */
export function stampOf(stanza: Stanza | undefined): string | undefined {
  const stamp: unknown = stanza?.getChild("delay", "urn:xmpp:delay")?.attrs.stamp;
  const time = typeof stamp === "string" ? Date.parse(stamp) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

/** Classifies an error stanza; `joining` where the stanza answers a join request. */
export function failureOf(stanza: Stanza, joining = false): Failure {
  const error = stanza.getChild("error");
  const condition = error?.getChildElements().find(({ name }) => name !== "text")?.name ?? "";
  return stanzaFailure(condition, attr(error, "type") ?? "", joining);
}
