import { xml } from "@xmpp/client";
import { optional } from "../../../model/optional.ts";
import { networkText, type PostedText } from "../../../platform/kit/rich-text/rich-text.ts";
import type { ActivityOf, Outcome, Receipt, VerbContext } from "../../../platform/platform.ts";
import { type Client, presenceStanza } from "../client/client.ts";
import { bare } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { REACTIONS_KEY } from "../client/memory.ts";
import { upload } from "../client/upload.ts";
import { noFile } from "../errors.ts";
import {
  type DeleteSchema,
  type PostedFile,
  type ReactSchema,
  type ReadSchema,
  type SendSchema,
  type TypingSchema,
  type UnreactSchema,
  type UpdateSchema,
  XMPP_TEXT,
} from "../schemas/messages.ts";
import { isRoom, type Recipient, sendStanzas } from "./send-stanzas.ts";
import { senderIdOf } from "./sender-id.ts";

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

/** Builds the body of a message; HTML and Markdown become Message Styling (XEP-0393). */
function bodyOf(text: PostedText): Stanza {
  return xml("body", {}, networkText(text, XMPP_TEXT) ?? "");
}

/** File at an address that receivers download it from. */
interface LinkedFile {
  readonly url: string;
  readonly name?: string;
  readonly mediaType?: string;
  readonly size?: number;
}

/** Builds the body and link of a message (XEP-0066). Clients without that extension find the address in the body. */
function contentOf(text: PostedText, file: LinkedFile | undefined): readonly Stanza[] {
  if (file === undefined) return [bodyOf(text)];
  const body = [networkText(text, XMPP_TEXT), file.url].filter((part) => part !== undefined).join("\n");
  const link = [xml("url", {}, file.url), ...(file.name === undefined ? [] : [xml("desc", {}, file.name)])];
  return [xml("body", {}, body), xml("x", { xmlns: "jabber:x:oob" }, ...link)];
}

/** Sends a message: body, attachment, subject and reply reference (XEP-0461). A posted file is uploaded first. */
export async function send(
  client: Client,
  activity: ActivityOf<typeof SendSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { subject, inReplyTo, attachments: [posted] = [], ...text } = activity.object;
  const file = posted && (await linkedFile(client, posted, context));
  const receipt = await sendStanzas(client, activity, context, (to) => [
    message(
      to,
      ...(subject === undefined ? [] : [xml("subject", {}, subject)]),
      ...contentOf(text, file),
      ...(inReplyTo === undefined ? [] : [xml("reply", { xmlns: "urn:xmpp:reply:0", to: to.address, id: inReplyTo })]),
      ...receiptRequests(to),
    ),
  ]);
  return posted?.url === undefined && file
    ? { ...receipt, object: { ...receipt.object, attachments: [file] } }
    : receipt;
}

/** Returns the link of a posted file. A file posted by content gets one by its upload. */
async function linkedFile(client: Client, posted: PostedFile, context: VerbContext): Promise<LinkedFile> {
  const { name, mediaType, url } = posted;
  if (url !== undefined) return { url, ...optional("name", name) };
  const [blob] = await context.attachments();
  if (blob === undefined) throw noFile();
  const file = { ...blob, name: name ?? "file" };
  const uploaded = await upload(client, file, context);
  return { name: file.name, ...optional("mediaType", mediaType), size: blob.content.length, url: uploaded };
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
    const topic = object.body;
    const compose = ({ address, id }: Recipient) => [
      xml("message", { to: address, type: "groupchat", id }, xml("subject", {}, topic)),
    ];
    return sendStanzas(client, { ...activity, context: { type: "room" } }, context, compose, { topic });
  }
  return correct(client, activity, context, object);
}

/** Sends a correction, which names the sender's own id of the message also in rooms. */
async function correct(
  client: Client,
  activity: ActivityOf<typeof UpdateSchema>,
  context: VerbContext,
  { id, ...text }: PostedText & { readonly id: string },
): Promise<Receipt> {
  const ids = new Map<string, string>();
  for (const index of context.pending) {
    const address = activity.target[index]?.address ?? "";
    if (isRoom(client, activity, address)) ids.set(bare(address), await senderIdOf(client, bare(address), id));
  }
  return sendStanzas(client, activity, context, (to) => {
    const replace = xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: ids.get(to.address) ?? id });
    return [message(to, bodyOf(text), replace, ...receiptRequests(to))];
  });
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

/** Adds a reaction to a message. */
export function react(
  client: Client,
  activity: ActivityOf<typeof ReactSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { id, content } = activity.object;
  const before = client.memory.ownReactions.get(id) ?? [];
  return sendReactions(client, activity, context, { id, reactions: [...new Set([...before, content])] });
}

/** Removes a reaction from a message, or all own reactions where no content is given. */
export function unreact(
  client: Client,
  activity: ActivityOf<typeof UnreactSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { id, content } = activity.object;
  const before = client.memory.ownReactions.get(id) ?? [];
  const reactions = content === undefined ? [] : before.filter((reaction) => reaction !== content);
  return sendReactions(client, activity, context, { id, reactions });
}

/** Sends the complete set of the account's reactions (XEP-0444), which the connection state keeps. */
async function sendReactions(
  client: Client,
  activity: Pick<ActivityOf<typeof ReactSchema>, "id" | "target" | "context">,
  context: VerbContext,
  { id, reactions }: { readonly id: string; readonly reactions: readonly string[] },
): Promise<Receipt> {
  const elements = reactions.map((content) => xml("reaction", {}, content));
  const receipt = await sendStanzas(client, activity, context, (to) => [
    message(to, xml("reactions", { xmlns: "urn:xmpp:reactions:0", id }, ...elements), xml("store", HINTS)),
  ]);
  if (!receipt.outcomes.some(({ status }) => status === "sent")) return receipt;
  const { ownReactions } = client.memory;
  if (reactions.length === 0) ownReactions.delete(id);
  else ownReactions.set(id, reactions);
  await client.context.state.write(REACTIONS_KEY, JSON.stringify(ownReactions.entries()));
  return receipt;
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
