import { xml } from "@xmpp/client";
import type { Activity } from "../../../model/activity.ts";
import type { Outcome, Receipt, VerbContext } from "../../../platform/platform.ts";
import { type Client, ownPresence } from "../client/client.ts";
import type { Stanza } from "../client/library.ts";
import { type Compose, isRoom, post } from "./send-stanzas.ts";

type To = Parameters<Compose>[0];
const HINT = { xmlns: "urn:xmpp:hints" };

/** A message with our id on it in both places where others look for one. */
function message({ address, isRoom, id }: To, ...children: readonly Stanza[]): Stanza {
  const origin = xml("origin-id", { xmlns: "urn:xmpp:sid:0", id });
  return xml("message", { to: address, type: isRoom ? "groupchat" : "chat", id }, ...children, origin);
}
/** What asks the recipient's client to say that it got and showed it; rooms would answer by the dozen. */
function marks({ isRoom }: To): readonly Stanza[] {
  if (isRoom) return [];
  return [xml("request", { xmlns: "urn:xmpp:receipts" }), xml("markable", { xmlns: "urn:xmpp:chat-markers:0" })];
}

/** Sends or replies: body, subject and what it answers (XEP-0461). */
export function send(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { body, subject, inReplyTo } = activity.object as { body: string; subject?: string; inReplyTo?: string };
  return post(client, activity, context, (to) => [
    message(
      to,
      ...(subject === undefined ? [] : [xml("subject", {}, subject)]),
      xml("body", {}, body),
      ...(inReplyTo === undefined ? [] : [xml("reply", { xmlns: "urn:xmpp:reply:0", to: to.address, id: inReplyTo })]),
      ...marks(to),
    ),
  ]);
}

/** Corrects a message (XEP-0308), sets a room's topic, or shows another presence. */
export function update(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const object = activity.object as { type?: string; id?: string; body?: string; topic?: string };
  if (object.type === "presence") return present(client, activity, context);
  if (object.type === "topic") {
    const inRoom = { ...activity, context: "room" };
    return post(client, inRoom, context, ({ address, id }) => [
      xml("message", { to: address, type: "groupchat", id }, xml("subject", {}, object.topic ?? "")),
    ]);
  }
  const replace = xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: object.id ?? "" });
  return post(client, activity, context, (to) => [
    message(to, xml("body", {}, object.body ?? ""), replace, ...marks(to)),
  ]);
}

/** The own presence is for all, and kept for whoever holds the account next. */
async function present(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { show, status } = activity.object as { show?: string; status?: string };
  const kept = JSON.stringify({ ...(show ? { show } : {}), ...(status ? { status } : {}) });
  await context.commit();
  await client.stream.proof(client.stream.put(ownPresence(kept)));
  await client.hold.state.write("presence", kept);
  return {
    outcomes: context.pending.map((index) => ({ address: activity.target[index]?.address ?? "", status: "sent" })),
  };
}

/** Takes a message back (XEP-0424), with words for those who don't know that. */
export function retract(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const id = String(activity.object.id);
  return post(client, activity, context, (to) => [
    message(
      to,
      xml("retract", { xmlns: "urn:xmpp:message-retract:1", id }),
      xml("fallback", { xmlns: "urn:xmpp:fallback:0", for: "urn:xmpp:message-retract:1" }),
      xml("body", {}, "/me retracted a previous message, but it's unsupported by your client."),
      xml("store", HINT),
    ),
  ]);
}

/** Says which reactions to a message stand now (XEP-0444). */
export function react(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { id, reactions } = activity.object as { id: string; reactions: readonly string[] };
  const given = reactions.map((one) => xml("reaction", {}, one));
  return post(client, activity, context, (to) => [
    message(to, xml("reactions", { xmlns: "urn:xmpp:reactions:0", id }, ...given), xml("store", HINT)),
  ]);
}

/** XEP-0085: nothing that is kept anywhere. */
export function typing(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { state = "composing" } = activity.object as { state?: string };
  return passing(client, activity, context, [xml(state, { xmlns: "http://jabber.org/protocol/chatstates" })]);
}

/** XEP-0333. */
export function read(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const displayed = xml("displayed", { xmlns: "urn:xmpp:chat-markers:0", id: String(activity.object.id) });
  return passing(client, activity, context, [displayed, xml("store", HINT)]);
}

/** What rooms may keep to themselves: the server's word that it took it is all there is. */
async function passing(
  client: Client,
  activity: Activity,
  context: VerbContext,
  children: readonly Stanza[],
): Promise<Receipt> {
  await context.commit();
  const proofs = context.pending.map(async (index): Promise<Outcome> => {
    const address = activity.target[index]?.address ?? "";
    const type = isRoom(client, activity, address) ? "groupchat" : "chat";
    const place = client.stream.put(xml("message", { to: address, type, id: activity.id }, ...children));
    await client.stream.proof(place);
    return { address, status: "sent" };
  });
  return { outcomes: await Promise.all(proofs) };
}
