import type { Activity } from "../../../model/activity.ts";
import { optional } from "../../../model/optional.ts";
import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import { performOnce } from "../../../platform/kit/perform-once.ts";
import { networkText, PLAIN_TEXT } from "../../../platform/kit/rich-text/rich-text.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { uploadMedia } from "../client/media.ts";
import { CreatedPost, SentMessage, ToggleResult } from "../client/response-schemas.ts";
import { classifyError } from "../errors.ts";
import { postIdOf } from "../schemas/address.ts";
import type { SendSchema } from "../schemas/messages.ts";
import type { DeleteSchema, PostSchema } from "../schemas/posts.ts";

/** Posts once, independent of the target: a post is public. */
export async function post(
  client: Client,
  activity: ActivityOf<typeof PostSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { inReplyTo, quotes } = activity.object;
  const media = await uploadMedia(client, activity, context);
  const body = {
    ...optional("text", networkText(activity.object, PLAIN_TEXT)),
    ...(media.length === 0 ? {} : { media: { media_ids: media } }),
    ...(inReplyTo === undefined ? {} : { reply: { in_reply_to_tweet_id: postIdOf(inReplyTo) } }),
    ...(quotes === undefined ? {} : { quote_tweet_id: postIdOf(quotes) }),
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

/** Returns the receipt of a published post. Only X's refusal of a duplicate proves a post without `id`. */
export function postReceipt(
  { target }: Pick<Activity, "target">,
  { pending }: Pick<VerbContext, "pending">,
  id?: string,
): Receipt {
  const ids = optional("id", id);
  const outcomes = pending.map((index) => ({ address: target[index]?.address ?? "", status: "sent" as const, ...ids }));
  return { outcomes, object: { ...ids, ...(id === undefined ? {} : { url: `https://x.com/i/status/${id}` }) } };
}

/** Sends a direct message to each target. Targets are people by name or id, and conversations by id. */
export async function send(
  client: Client,
  activity: ActivityOf<typeof SendSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const media = await uploadMedia(client, activity, context);
  const body = {
    ...optional("text", networkText(activity.object, PLAIN_TEXT)),
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
  return { ...receipt, ...(conversations.length === 0 ? {} : { object: conversationsObject(conversations) }) };
}

/** Returns the object of a sent message's result: the conversations that X put it into. */
export const conversationsObject = (conversations: readonly string[]) => ({ twitter: { conversations } });

async function messagesEndpoint(client: Client, address: string, signal: AbortSignal) {
  const conversation = /^conversation:(.+)$/.exec(address)?.[1];
  if (conversation !== undefined) return { path: "dm_conversations/:id/messages", params: { id: conversation } };
  return { path: "dm_conversations/with/:id/messages", params: { id: await client.userIdOf(address, signal) } };
}

/** Deletes an own post, or a message from the account's own view. A message has a conversation as target. */
export function remove(
  client: Client,
  activity: ActivityOf<typeof DeleteSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const [conversation] = activity.target;
  const isPost = conversation === undefined || /^(public$|thread:)/.test(conversation.address);
  // On a later attempt an unknown id says that an earlier one deleted it.
  const options = { classifyError, doneCodes: ["recipient-unknown"] };
  return performOnce(activity, context, options, async (beforeSend) => {
    const params = { id: postIdOf(activity.object.id) };
    const request = { method: "DELETE", path: isPost ? "tweets/:id" : "dm_events/:id", params } as const;
    await client.request(
      { ...request, signal: context.signal, beforeSend, isIdempotent: true },
      ToggleResult("deleted"),
    );
    return params.id;
  });
}
