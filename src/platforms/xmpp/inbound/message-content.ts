import { optional } from "../../../model/optional.ts";
import { fromHtml, fromStyling, isFormatted, toHtml } from "../../../platform/kit/rich-text/rich-text.ts";
import type { Stanza } from "../client/library.ts";
import { NS_MUC_USER } from "../client/rooms.ts";
import { attr, textOf } from "../client/stanza.ts";

/** Content of a message: verb by which an app would post the same, and object. */
export interface MessageContent {
  readonly verb: "send" | "update" | "delete" | "react" | "unreact" | "invite";
  readonly object: Readonly<Record<string, unknown>>;
  /** Complete set of the author's reactions, where the message is such a set. */
  readonly reactions?: readonly string[];
  /** Person who invites, where a room passes the invitation on. */
  readonly inviter?: string;
}

const MAX_TITLE_CHARACTERS = 1_024;
const MAX_REACTIONS = 50;

/** Reads a message by its first known extension; undefined where nothing in the message lasts. */
export function messageContent(
  message: Stanza,
  id: string | undefined,
  { isRoom = false } = {},
): MessageContent | undefined {
  return (
    retraction(message) ?? reaction(message) ?? invitation(message) ?? correction(message) ?? text(message, id, isRoom)
  );
}

/** Reads a retraction (XEP-0424), also in the older form by XEP-0422. */
function retraction(message: Stanza): MessageContent | undefined {
  const current = message.getChild("retract", "urn:xmpp:message-retract:1");
  const fastened = message.getChild("apply-to", "urn:xmpp:fasten:0");
  const older = fastened?.getChild("retract", "urn:xmpp:message-retract:0") ? fastened : undefined;
  const id = attr(current ?? older, "id");
  return id === undefined ? undefined : { verb: "delete", object: { type: "message", id } };
}

/** Reads the complete set of a person's reactions to a message (XEP-0444). */
function reaction(message: Stanza): MessageContent | undefined {
  const element = message.getChild("reactions", "urn:xmpp:reactions:0");
  const id = attr(element, "id");
  if (!element || id === undefined) return undefined;
  const reactions = element.getChildren("reaction").map((child) => child.text().slice(0, 64));
  return { verb: "react", object: { type: "reaction", id }, reactions: reactions.slice(0, MAX_REACTIONS) };
}

/** Reads an invitation: direct (XEP-0249) or through the room (XEP-0045 section 7.8.2). */
function invitation(message: Stanza): MessageContent | undefined {
  if (message.attrs.type === "groupchat") return undefined;
  const direct = message.getChild("x", "jabber:x:conference");
  const user = message.getChild("x", NS_MUC_USER);
  const invite = user?.getChild("invite");
  const address = attr(direct, "jid") ?? (invite ? attr(message, "from") : undefined);
  if (address === undefined) return undefined;
  const inviter = attr(invite, "from");
  const reason = attr(direct, "reason") ?? (invite && textOf(invite, "reason"));
  const password = attr(direct, "password") ?? (user && textOf(user, "password"));
  const object = { type: "room", address, ...optional("reason", reason), ...optional("password", password) };
  return { verb: "invite", object, ...optional("inviter", inviter) };
}

/** Reads a correction (XEP-0308). */
function correction(message: Stanza): MessageContent | undefined {
  const id = attr(message.getChild("replace", "urn:xmpp:message-correct:0"), "id");
  const body = textOf(message, "body");
  return id === undefined || body === undefined
    ? undefined
    : { verb: "update", object: { type: "message", id, ...formsOf(message, body) } };
}

/**
 * Returns a body as it arrived, and as HTML where it is formatted. XHTML-IM (XEP-0071) wins over Message Styling
 * (XEP-0393); the latter counts unless the sender says that its signs mean nothing.
 */
function formsOf(message: Stanza, body: string | undefined): { readonly body?: string; readonly html?: string } {
  const xhtml = message.getChild("html", "http://jabber.org/protocol/xhtml-im")?.getChild("body");
  const isUnstyled = message.getChild("unstyled", "urn:xmpp:styling:0") !== undefined;
  const document = xhtml ? fromHtml(xhtml.toString()) : isUnstyled ? [] : fromStyling(body ?? "");
  return { ...optional("body", body), ...(isFormatted(document) ? { html: toHtml(document) } : {}) };
}

/** Reads a room's topic or a plain message. Includes reply reference (XEP-0461) and link (XEP-0066). */
function text(message: Stanza, id: string | undefined, isRoom: boolean): MessageContent | undefined {
  const body = textOf(message, "body");
  const subject = message.getChild("subject");
  if (isRoom && subject && body === undefined && !message.getChild("thread"))
    return { verb: "update", object: { type: "topic", body: subject.text().slice(0, MAX_TITLE_CHARACTERS) } };
  const url = textOf(message.getChild("x", "jabber:x:oob") ?? message, "url")?.slice(0, 2_048);
  const encrypted = ENCRYPTED.some(([name, xmlns]) => message.getChild(name, xmlns)) ? true : undefined;
  if (body === undefined && url === undefined && !encrypted) return undefined;
  const inReplyTo = attr(message.getChild("reply", "urn:xmpp:reply:0"), "id");
  const title = subject?.text().slice(0, MAX_TITLE_CHARACTERS) || undefined;
  return {
    verb: "send",
    object: {
      type: "message",
      ...optional("id", id),
      ...optional("subject", title),
      ...formsOf(message, body),
      ...optional("inReplyTo", inReplyTo),
      ...(url === undefined ? {} : { attachments: [{ url }] }),
      ...optional("encrypted", encrypted),
    },
  };
}

/** Elements of encrypted messages: OMEMO, its older form, and OpenPGP. */
const ENCRYPTED: ReadonlyArray<readonly [name: string, xmlns: string]> = [
  ["encrypted", "eu.siacs.conversations.axolotl"],
  ["encrypted", "urn:xmpp:omemo:2"],
  ["openpgp", "urn:xmpp:openpgp:0"],
];
