import type { Activity } from "../../../model/activity.ts";
import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import { type Client, idOfAnswer } from "../client/client.ts";
import { classifyError } from "../errors.ts";
import { conversationIdOf } from "../inbound/conversation-id.ts";
import { metadataOf } from "../inbound/metadata.ts";
import type { Linked, MessageObject, TypingObject } from "../schemas/schemas.ts";

/** So long Facebook's receipts of a message find their rid: a week, as long as a human may answer. */
const RECEIPT_TTL_SECONDS = 7 * 86_400;

/** Sends one message to each target: within 24 hours of what the person wrote, or tagged. */
export function send(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const page = activity.actor.address;
  const conversations = context.pending.map((at) => conversationIdOf(page, activity.target[at]?.address ?? ""));
  const commitOptions = { receiptTtlSeconds: RECEIPT_TTL_SECONDS, conversations };
  return forEachTarget(activity, context, { classifyError, commitOptions }, async (address, beforeSend) => {
    const body = { recipient: { id: address }, ...messageOf(activity, context.app) };
    const request = { method: "POST", path: `${page}/messages`, body, signal: context.signal, beforeSend } as const;
    return idOfAnswer(await client.request(request), "message_id");
  });
}

function messageOf({ id, object }: Activity, app: string): Record<string, unknown> {
  const { body, attachments = [], inReplyTo, tag, quickReplies = [] } = object as MessageObject;
  const [attachment] = attachments;
  return {
    ...(tag === undefined ? { messaging_type: "RESPONSE" } : { messaging_type: "MESSAGE_TAG", tag }),
    message: {
      ...(body === undefined ? {} : { text: body }),
      ...(attachment === undefined
        ? {}
        : { attachment: { type: kindOf(attachment), payload: { url: attachment.url } } }),
      ...(quickReplies.length === 0
        ? {}
        : {
            quick_replies: quickReplies.map(({ title, payload = title }) => ({ content_type: "text", title, payload })),
          }),
      metadata: metadataOf(app, id),
    },
    ...(inReplyTo === undefined ? {} : { reply_to: { mid: inReplyTo } }),
  };
}

/** Facebook's four kinds; what is not said is guessed by the address, as a browser would. */
function kindOf({ mediaType = "", url }: Linked): "image" | "audio" | "video" | "file" {
  const said = /^(image|audio|video)\//.exec(mediaType)?.[1];
  if (said !== undefined || mediaType !== "") return (said ?? "file") as "image" | "audio" | "video" | "file";
  const { pathname } = new URL(url);
  if (/\.(png|jpe?g|gif|webp)$/i.test(pathname)) return "image";
  if (/\.(mp3|m4a|aac|ogg|wav)$/i.test(pathname)) return "audio";
  return /\.(mp4|mov|webm)$/i.test(pathname) ? "video" : "file";
}

/** Shows or hides that somebody types. */
export function typing(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { state = "composing" } = activity.object as TypingObject;
  return act(client, activity, context, state === "composing" ? "typing_on" : "typing_off");
}

/** Marks everything that the person wrote as read. */
export function read(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return act(client, activity, context, "mark_seen");
}

function act(client: Client, activity: Activity, context: VerbContext, sender_action: string): Promise<Receipt> {
  return forEachTarget(activity, context, { classifyError }, async (address, beforeSend) => {
    const body = { recipient: { id: address }, sender_action };
    const path = `${activity.actor.address}/messages`;
    await client.request({
      method: "POST",
      path,
      body,
      signal: context.signal,
      beforeSend,
      isIdempotent: true,
    });
    return undefined;
  });
}
