import type { Stanza } from "../client/library.ts";
import { attr, textOf } from "./inbound.ts";

/** The verb by which what a message says would have been posted, and its object. */
export interface Meaning {
  readonly verb: "send" | "update" | "delete" | "react" | "invite";
  readonly object: Readonly<Record<string, unknown>>;
}

const TITLE = 1_024;
const NS_USER = "http://jabber.org/protocol/muc#user";

/** What a message says, by the first of its extensions that we know; undefined where it says nothing that lasts. */
export function content(message: Stanza, id: string | undefined, { room = false } = {}): Meaning | undefined {
  return (
    retraction(message) ?? reaction(message) ?? invitation(message) ?? correction(message) ?? words(message, id, room)
  );
}

/** XEP-0424, and its older form by XEP-0422. */
function retraction(message: Stanza): Meaning | undefined {
  const now = message.getChild("retract", "urn:xmpp:message-retract:1");
  const fastened = message.getChild("apply-to", "urn:xmpp:fasten:0");
  const id = attr(now ?? (fastened?.getChild("retract", "urn:xmpp:message-retract:0") ? fastened : undefined), "id");
  return id === undefined ? undefined : { verb: "delete", object: { type: "message", id } };
}

/** XEP-0444: the reactions that stand now. */
function reaction(message: Stanza): Meaning | undefined {
  const given = message.getChild("reactions", "urn:xmpp:reactions:0");
  const id = attr(given, "id");
  if (!given || id === undefined) return undefined;
  const reactions = given.getChildren("reaction").map((one) => one.text().slice(0, 64));
  return { verb: "react", object: { type: "reaction", id, reactions: reactions.slice(0, 50) } };
}

/** XEP-0249, or through the room (XEP-0045 section 7.8.2). */
function invitation(message: Stanza): Meaning | undefined {
  if (message.attrs.type === "groupchat") return undefined;
  const direct = message.getChild("x", "jabber:x:conference");
  const invite = message.getChild("x", NS_USER)?.getChild("invite");
  const id = attr(direct, "jid") ?? (invite ? attr(message, "from") : undefined);
  if (id === undefined) return undefined;
  const by = attr(invite, "from");
  const reason = attr(direct, "reason") ?? (invite && textOf(invite, "reason"));
  return { verb: "invite", object: { type: "room", id, ...(reason ? { reason } : {}), ...(by ? { by } : {}) } };
}

/** XEP-0308. */
function correction(message: Stanza): Meaning | undefined {
  const id = attr(message.getChild("replace", "urn:xmpp:message-correct:0"), "id");
  const body = textOf(message, "body");
  return id === undefined || body === undefined ? undefined : { verb: "update", object: { type: "message", id, body } };
}

function words(message: Stanza, id: string | undefined, room: boolean): Meaning | undefined {
  const body = textOf(message, "body");
  const subject = message.getChild("subject");
  if (room && subject && body === undefined && !message.getChild("thread"))
    return { verb: "update", object: { type: "topic", topic: subject.text().slice(0, TITLE) } };
  if (body === undefined) return undefined;
  const url = textOf(message.getChild("x", "jabber:x:oob") ?? message, "url")?.slice(0, 2_048);
  const inReplyTo = attr(message.getChild("reply", "urn:xmpp:reply:0"), "id");
  const title = subject?.text().slice(0, TITLE) ?? "";
  return {
    verb: "send",
    object: {
      type: "message",
      ...(id === undefined ? {} : { id }),
      ...(title === "" ? {} : { subject: title }),
      body,
      ...(inReplyTo === undefined ? {} : { inReplyTo }),
      ...(url === undefined ? {} : { attachments: [{ url }] }),
    },
  };
}
