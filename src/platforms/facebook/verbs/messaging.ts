import type { Activity } from "../../../model/activity.ts";
import { optional } from "../../../model/optional.ts";
import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import { networkText, PLAIN_TEXT } from "../../../platform/kit/rich-text/rich-text.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import { type Client, idOfAnswer } from "../client/client.ts";
import { classifyError } from "../errors.ts";
import { conversationIdOf } from "../inbound/conversation-id.ts";
import { metadataOf } from "../inbound/metadata.ts";
import type { ReadSchema, SendSchema, TypingSchema } from "../schemas/messages.ts";

/** Lifetime of receipts: a week, in which a human may answer. */
const RECEIPT_TTL_SECONDS = 7 * 86_400;

/** Sends a message to each target. Facebook takes untagged messages within 24 hours of the person's last. */
export function send(client: Client, activity: ActivityOf<typeof SendSchema>, context: VerbContext): Promise<Receipt> {
  const page = activity.actor.address;
  const conversations = context.pending.map((index) => conversationIdOf(page, activity.target[index]?.address ?? ""));
  const commitOptions = { receiptTtlSeconds: RECEIPT_TTL_SECONDS, conversations };
  return forEachTarget(activity, context, { classifyError, commitOptions }, async (address, beforeSend) => {
    const body = { recipient: { id: address }, ...messageOf(activity, context.app) };
    const request = { method: "POST", path: `${page}/messages`, body, signal: context.signal, beforeSend } as const;
    return idOfAnswer(await client.request(request), "message_id");
  });
}

function messageOf({ id, object }: ActivityOf<typeof SendSchema>, app: string): Record<string, unknown> {
  const { attachments: [attachment] = [], inReplyTo, facebook, buttons = [] } = object;
  const file = attachment && { type: kindOf(attachment), payload: { url: attachment.url } };
  const replies = buttons.map(({ title, value = title }) => ({ content_type: "text", title, payload: value }));
  return {
    ...(facebook === undefined ? { messaging_type: "RESPONSE" } : { messaging_type: "MESSAGE_TAG", tag: facebook.tag }),
    message: {
      ...optional("text", networkText(object, PLAIN_TEXT)),
      ...optional("attachment", file),
      ...(replies.length === 0 ? {} : { quick_replies: replies }),
      metadata: metadataOf(app, id),
    },
    ...(inReplyTo === undefined ? {} : { reply_to: { mid: inReplyTo } }),
  };
}

type AttachmentKind = "image" | "audio" | "video" | "file";

/** Returns Facebook's kind of an attachment. The media type decides, else the address, as in browsers. */
function kindOf({ mediaType = "", url }: { readonly mediaType?: string; readonly url: string }): AttachmentKind {
  const kind = /^(image|audio|video)\//.exec(mediaType)?.[1];
  if (kind !== undefined || mediaType !== "") return (kind ?? "file") as AttachmentKind;
  const { pathname } = new URL(url);
  if (/\.(png|jpe?g|gif|webp)$/i.test(pathname)) return "image";
  if (/\.(mp3|m4a|aac|ogg|wav)$/i.test(pathname)) return "audio";
  return /\.(mp4|mov|webm)$/i.test(pathname) ? "video" : "file";
}

/** Shows or hides that the Page is writing. */
export function typing(
  client: Client,
  activity: ActivityOf<typeof TypingSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { state = "composing" } = activity.object;
  return sendAction(client, activity, context, state === "composing" ? "typing_on" : "typing_off");
}

/** Marks all messages of the person as read. */
export function read(client: Client, activity: ActivityOf<typeof ReadSchema>, context: VerbContext): Promise<Receipt> {
  return sendAction(client, activity, context, "mark_seen");
}

function sendAction(
  client: Client,
  activity: Pick<Activity, "actor" | "target">,
  context: VerbContext,
  sender_action: string,
): Promise<Receipt> {
  return forEachTarget(activity, context, { classifyError }, async (address, beforeSend) => {
    const body = { recipient: { id: address }, sender_action };
    const path = `${activity.actor.address}/messages`;
    await client.request({ method: "POST", path, body, signal: context.signal, beforeSend, isIdempotent: true });
    return undefined;
  });
}
