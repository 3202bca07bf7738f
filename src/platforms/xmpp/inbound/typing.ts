import { ulid } from "ulid";
import type { Identity, InboundResult } from "../client/client.ts";
import { bare, resource } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { stampOf } from "../client/stanza.ts";

const NS_CHAT_STATES = "http://jabber.org/protocol/chatstates";

/** Reads that a person is writing (XEP-0085). Only live: a delayed copy says nothing of now. */
export function typingOf(message: Stanza, identity: Identity, from: string): InboundResult {
  const state = ["composing", "paused"].find((name) => message.getChild(name, NS_CHAT_STATES));
  const room = bare(from);
  if (state === undefined || stampOf(message) !== undefined || room === identity.jid) return {};
  const isRoom = message.attrs.type === "groupchat";
  const event = {
    platform: "xmpp",
    verb: "typing",
    published: new Date().toISOString(),
    actor: isRoom ? { address: from, name: resource(from).slice(0, 256) } : { address: bare(from), id: from },
    target: [{ address: identity.address }],
    object: { state },
    context: isRoom ? { type: "room", id: room } : { type: "direct", id: identity.rooms.has(room) ? from : room },
    self: false,
  };
  return { events: [{ key: `y ${ulid()}`, event }] };
}
