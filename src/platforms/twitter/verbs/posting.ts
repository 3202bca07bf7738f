import type { Activity } from "../../../model/activity.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { uploaded } from "../client/media.ts";
import { Done, Posted, SentMessage } from "../client/response-schemas.ts";
import { classifyError } from "../errors.ts";
import { postOf } from "../schemas/address.ts";
import type { MessageObject, PostObject } from "../schemas/schemas.ts";
import { doEach } from "./for-each-target.ts";

/** Posts once, whatever the target says: a post goes to everybody. */
export async function post(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { body: text, inReplyTo, quote } = activity.object as PostObject;
  const media = await uploaded(client, activity, context);
  const body = {
    ...(text === undefined ? {} : { text }),
    ...(media.length === 0 ? {} : { media: { media_ids: media } }),
    ...(inReplyTo === undefined ? {} : { reply: { in_reply_to_tweet_id: postOf(inReplyTo) } }),
    ...(quote === undefined ? {} : { quote_tweet_id: postOf(quote) }),
  };
  const before = async (): Promise<void> => {
    await context.commit();
    client.tries.left(activity.id, media);
  };
  try {
    const ask = { method: "POST", path: "tweets", body, signal: context.signal, before } as const;
    const { data } = await client.ask(ask, Posted);
    client.tries.answered(data.id);
    return posted(activity, context, data.id);
  } catch (thrown) {
    // An earlier try posted it, and only its answer was lost.
    if (context.attempt > 1 && classifyError(thrown).code === "duplicate-content") return posted(activity, context);
    throw thrown;
  }
}

/** The receipt of a post that is out; without `id` when only X's refusal of a second one says so. */
export function posted({ target }: Activity, { pending }: Pick<VerbContext, "pending">, id?: string): Receipt {
  const known = id === undefined ? {} : { id };
  const outcomes = pending.map((at) => ({ address: target[at]?.address ?? "", status: "sent" as const, ...known }));
  return { outcomes, object: { ...known, ...(id === undefined ? {} : { url: `https://x.com/i/status/${id}` }) } };
}

/** Writes a direct message to each target: to people by name or id, into conversations by their id. */
export async function send(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { body: text } = activity.object as MessageObject;
  const media = await uploaded(client, activity, context);
  const body = {
    ...(text === undefined ? {} : { text }),
    ...(media.length === 0 ? {} : { attachments: media.map((media_id) => ({ media_id })) }),
  };
  const conversations: string[] = [];
  const receipt = await doEach(activity, context, async (address, before) => {
    const conversation = /^conversation:(.+)$/.exec(address)?.[1];
    const where =
      conversation === undefined
        ? { path: "dm_conversations/with/:id/messages", params: { id: await client.idOf(address, context.signal) } }
        : { path: "dm_conversations/:id/messages", params: { id: conversation } };
    const leaving = async (): Promise<void> => {
      await before();
      client.tries.left(activity.id, media);
    };
    const ask = { method: "POST", ...where, body, signal: context.signal, before: leaving } as const;
    const { data } = await client.ask(ask, SentMessage);
    client.tries.answered(data.dm_event_id);
    conversations.push(`conversation:${data.dm_conversation_id}`);
    return data.dm_event_id;
  });
  return { ...receipt, ...(conversations.length === 0 ? {} : { object: { conversations } }) };
}

/** Deletes own posts, and messages from the account's own view of a conversation. */
export function remove(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return doEach(activity, context, async (address, before) => {
    const message = /^message:(.+)$/.exec(address)?.[1];
    const path = message === undefined ? "tweets/:id" : "dm_events/:id";
    const params = { id: message ?? postOf(address) };
    const ask = { method: "DELETE", path, params, signal: context.signal, before, repeatable: true } as const;
    await client.ask(ask, Done("deleted")).catch((thrown: unknown) => {
      // Gone is what was wanted, and an earlier try may have done it.
      if (context.attempt === 1 || classifyError(thrown).code !== "recipient-unknown") throw thrown;
    });
    return params.id;
  });
}
