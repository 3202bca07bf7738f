import { xml } from "@xmpp/client";
import type { ActivityOf, Outcome, Receipt, VerbContext } from "../../../platform/platform.ts";
import { type Client, presenceStanza } from "../client/client.ts";
import type { Stanza } from "../client/library.ts";
import type {
  DeleteSchema,
  ReactSchema,
  ReadSchema,
  ReplySchema,
  SendSchema,
  TypingSchema,
  UpdateSchema,
} from "../schemas/messages.ts";
import { isRoom, type Recipient, sendStanzas } from "./send-stanzas.ts";

const HINTS = { xmlns: "urn:xmpp:hints" };

/** Builds a message with our id in both places where clients look for ids. */
function message({ address, isRoom: toRoom, id }: Recipient, ...children: readonly Stanza[]): Stanza {
  const originId = xml("origin-id", { xmlns: "urn:xmpp:sid:0", id });
  return xml("message", { to: address, type: toRoom ? "groupchat" : "chat", id }, ...children, originId);
}
/** Builds the requests for receipt and read marker. Rooms would answer by the dozen. */
function receiptRequests({ isRoom: toRoom }: Recipient): readonly Stanza[] {
  if (toRoom) return [];
  return [xml("request", { xmlns: "urn:xmpp:receipts" }), xml("markable", { xmlns: "urn:xmpp:chat-markers:0" })];
}

/** Sends a message: body, subject and reply reference (XEP-0461). */
export function send(client: Client, activity: ActivityOf<typeof SendSchema>, context: VerbContext): Promise<Receipt> {
  const { body, subject, inReplyTo } = activity.object;
  return sendStanzas(client, activity, context, (to) => [
    message(
      to,
      ...(subject === undefined ? [] : [xml("subject", {}, subject)]),
      xml("body", {}, body),
      ...(inReplyTo === undefined ? [] : [xml("reply", { xmlns: "urn:xmpp:reply:0", to: to.address, id: inReplyTo })]),
      ...receiptRequests(to),
    ),
  ]);
}

/** Sends a message that must name the message it answers. */
export function reply(
  client: Client,
  activity: ActivityOf<typeof ReplySchema>,
  context: VerbContext,
): Promise<Receipt> {
  return send(client, activity, context);
}

/** Corrects a message (XEP-0308), sets a room's topic, or changes the account's presence. */
export function update(
  client: Client,
  activity: ActivityOf<typeof UpdateSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { object } = activity;
  if (object.type === "presence") return updatePresence(client, activity, context, object);
  if (object.type === "topic") {
    const { topic } = object;
    const compose = ({ address, id }: Recipient) => [
      xml("message", { to: address, type: "groupchat", id }, xml("subject", {}, topic)),
    ];
    return sendStanzas(client, { ...activity, context: { type: "room" } as const }, context, compose, { topic });
  }
  const replace = xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: object.id });
  return sendStanzas(client, activity, context, (to) => [
    message(to, xml("body", {}, object.body), replace, ...receiptRequests(to)),
  ]);
}

/** Broadcasts the account's presence and stores it for later connections. */
async function updatePresence(
  client: Client,
  { target }: ActivityOf<typeof UpdateSchema>,
  context: VerbContext,
  { show, status }: { readonly show?: string; readonly status?: string },
): Promise<Receipt> {
  const stored = JSON.stringify({ ...(show ? { show } : {}), ...(status ? { status } : {}) });
  await context.commit();
  await client.stream.acknowledged(client.stream.send(presenceStanza(stored)));
  await client.context.state.write("presence", stored);
  return { outcomes: context.pending.map((index) => ({ address: target[index]?.address ?? "", status: "sent" })) };
}

/** Retracts a message (XEP-0424), with a fallback text for clients without that extension. */
export function retract(
  client: Client,
  activity: ActivityOf<typeof DeleteSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { id } = activity.object;
  return sendStanzas(client, activity, context, (to) => [
    message(
      to,
      xml("retract", { xmlns: "urn:xmpp:message-retract:1", id }),
      xml("fallback", { xmlns: "urn:xmpp:fallback:0", for: "urn:xmpp:message-retract:1" }),
      xml("body", {}, "/me retracted a previous message, but it's unsupported by your client."),
      xml("store", HINTS),
    ),
  ]);
}

/** Sends the complete set of the account's reactions to a message (XEP-0444). */
export function react(
  client: Client,
  activity: ActivityOf<typeof ReactSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { id, reactions } = activity.object;
  const elements = reactions.map((content) => xml("reaction", {}, content));
  return sendStanzas(client, activity, context, (to) => [
    message(to, xml("reactions", { xmlns: "urn:xmpp:reactions:0", id }, ...elements), xml("store", HINTS)),
  ]);
}

/** Sends a chat state (XEP-0085), which nobody stores. */
export function typing(
  client: Client,
  activity: ActivityOf<typeof TypingSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { state = "composing" } = activity.object;
  return sendTransient(client, activity, context, [xml(state, { xmlns: "http://jabber.org/protocol/chatstates" })]);
}

/** Sends a read marker (XEP-0333). */
export function read(client: Client, activity: ActivityOf<typeof ReadSchema>, context: VerbContext): Promise<Receipt> {
  const displayed = xml("displayed", { xmlns: "urn:xmpp:chat-markers:0", id: activity.object.id });
  return sendTransient(client, activity, context, [displayed, xml("store", HINTS)]);
}

/** Sends stanzas that rooms may drop: the server's acknowledgement is the only proof. */
async function sendTransient(
  client: Client,
  activity: Pick<ActivityOf<typeof ReadSchema>, "id" | "target" | "context">,
  context: VerbContext,
  children: readonly Stanza[],
): Promise<Receipt> {
  await context.commit();
  const outcomes = context.pending.map(async (index): Promise<Outcome> => {
    const address = activity.target[index]?.address ?? "";
    const type = isRoom(client, activity, address) ? "groupchat" : "chat";
    const sequence = client.stream.send(xml("message", { to: address, type, id: activity.id }, ...children));
    await client.stream.acknowledged(sequence);
    return { address, status: "sent" };
  });
  return { outcomes: await Promise.all(outcomes) };
}
