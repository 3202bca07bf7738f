import { ulid } from "ulid";
import type { Identity, InboundResult } from "../client/client.ts";
import { bare } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { attr, textOf } from "../client/stanza.ts";

/** Maps a contact's presence, or a subscription request or answer (RFC 6121 section 3). */
export function inboundPresence(presence: Stanza, identity: Identity): InboundResult {
  const from = attr(presence, "from") ?? identity.jid;
  if (bare(from) === identity.jid) return {};
  const type = attr(presence, "type") ?? "available";
  const text = textOf(presence, "status")?.slice(0, 1_024);
  const published = new Date().toISOString();
  const common = {
    platform: "xmpp",
    actor: { address: bare(from), id: from },
    target: [{ address: identity.address }],
    published,
    self: false,
    context: { type: "direct", id: bare(from) },
  };
  if (type === "available" || type === "unavailable") {
    const object = { type: "presence", show: showOf(presence, type), ...(text === undefined ? {} : { status: text }) };
    return { events: [{ key: `p ${ulid()}`, event: { ...common, verb: "update", object } }] };
  }
  const verb = SUBSCRIPTION_VERBS.get(type);
  if (verb === undefined) return {};
  // A server repeats an open request at each login: one event a day is enough, until the account answers.
  const answered = identity.memory.answeredRequests.get(bare(from)) ?? "";
  const occasion = type === "subscribe" ? `${published.slice(0, 10)}${answered}` : (attr(presence, "id") ?? ulid());
  const object = { type: "person", ...(text === undefined ? {} : { body: text }) };
  return { events: [{ key: `w ${type} ${bare(from)} ${occasion}`, event: { ...common, verb, object } }] };
}

function showOf(presence: Stanza, type: string): string {
  if (type === "unavailable") return "offline";
  const show = textOf(presence, "show") ?? "online";
  return SHOWS.has(show) ? show : "online";
}

/** Values of `show` (RFC 6121 section 4.7.2.1), and online for none. */
const SHOWS = new Set(["online", "chat", "away", "xa", "dnd"]);

const SUBSCRIPTION_VERBS = new Map([
  ["subscribe", "request-friend"],
  ["subscribed", "make-friend"],
  ["unsubscribed", "reject-friend"],
  ["unsubscribe", "remove-friend"],
]);
