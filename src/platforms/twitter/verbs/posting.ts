import type { Activity } from "../../../model/activity.ts";
import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { uploadMedia } from "../client/media.ts";
import { CreatedPost, SentMessage, ToggleResult } from "../client/response-schemas.ts";
import { classifyError } from "../errors.ts";
import { postIdOf } from "../schemas/address.ts";
import type { MessageObject, PostObject } from "../schemas/schemas.ts";

/** Posts once, whatever the target says: a post goes to everybody. */
export async function post(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { body: text, inReplyTo, quote } = activity.object as PostObject;
  const media = await uploadMedia(client, activity, context);
  const body = {
    ...(text === undefined ? {} : { text }),
    ...(media.length === 0 ? {} : { media: { media_ids: media } }),
    ...(inReplyTo === undefined ? {} : { reply: { in_reply_to_tweet_id: postIdOf(inReplyTo) } }),
    ...(quote === undefined ? {} : { quote_tweet_id: postIdOf(quote) }),
  };
  const beforeSend = async (): Promise<void> => {
    await context.commit();
    client.recentRequests.recordSent(activity.id, media);
  };
  try {
    const request = { method: "POST", path: "tweets", body, signal: context.signal, beforeSend } as const;
    const { data } = await client.request(request, CreatedPost);
    client.recentRequests.recordAnswer(data.id);
    return postReceipt(activity, context, data.id);
  } catch (thrown) {
    // An earlier attempt posted it, and only its answer was lost.
    if (context.attempt > 1 && classifyError(thrown).code === "duplicate-content")
      return postReceipt(activity, context);
    throw thrown;
  }
}

/** Returns the receipt of a published post; without `id` when only X's refusal of a duplicate proves it. */
export function postReceipt({ target }: Activity, { pending }: Pick<VerbContext, "pending">, id?: string): Receipt {
  const ids = id === undefined ? {} : { id };
  const outcomes = pending.map((at) => ({ address: target[at]?.address ?? "", status: "sent" as const, ...ids }));
  return { outcomes, object: { ...ids, ...(id === undefined ? {} : { url: `https://x.com/i/status/${id}` }) } };
}

/** Sends a direct message to each target: to people by name or id, into conversations by their id. */
export async function send(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { body: text } = activity.object as MessageObject;
  const media = await uploadMedia(client, activity, context);
  const body = {
    ...(text === undefined ? {} : { text }),
    ...(media.length === 0 ? {} : { attachments: media.map((media_id) => ({ media_id })) }),
  };
  const conversations: string[] = [];
  const receipt = await forEachTarget(activity, context, { classifyError }, async (address, commit) => {
    const beforeSend = async (): Promise<void> => {
      await commit();
      client.recentRequests.recordSent(activity.id, media);
    };
    const endpoint = await messagesEndpoint(client, address, context.signal);
    const request = { method: "POST", ...endpoint, body, signal: context.signal, beforeSend } as const;
    const { data } = await client.request(request, SentMessage);
    client.recentRequests.recordAnswer(data.dm_event_id);
    conversations.push(`conversation:${data.dm_conversation_id}`);
    return data.dm_event_id;
  });
  return { ...receipt, ...(conversations.length === 0 ? {} : { object: { conversations } }) };
}

async function messagesEndpoint(client: Client, address: string, signal: AbortSignal) {
  const conversation = /^conversation:(.+)$/.exec(address)?.[1];
  if (conversation !== undefined) return { path: "dm_conversations/:id/messages", params: { id: conversation } };
  return { path: "dm_conversations/with/:id/messages", params: { id: await client.userIdOf(address, signal) } };
}

/** Deletes own posts, and messages from the account's own view of a conversation. */
export function remove(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return forEachTarget(activity, context, { classifyError }, async (address, beforeSend) => {
    const message = /^message:(.+)$/.exec(address)?.[1];
    const path = message === undefined ? "tweets/:id" : "dm_events/:id";
    const params = { id: message ?? postIdOf(address) };
    const request = { method: "DELETE", path, params, signal: context.signal, beforeSend, isIdempotent: true } as const;
    await client.request(request, ToggleResult("deleted")).catch((thrown: unknown) => {
      // An earlier attempt may have deleted it.
      if (context.attempt === 1 || classifyError(thrown).code !== "recipient-unknown") throw thrown;
    });
    return params.id;
  });
}
