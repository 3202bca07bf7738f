import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import { richTextOf } from "../../../platform/kit/rich-text/rich-text.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { ApiRequest } from "../client/api.ts";
import type { Client } from "../client/client.ts";
import { toTelegramHtml } from "../client/rich-text.ts";
import { classifyError } from "../errors.ts";
import { chatOf } from "../schemas/addresses.ts";
import type { DeleteSchema, ReactSchema, TypingSchema, UnreactSchema, UpdateSchema } from "../schemas/messages.ts";

type Call = Pick<ApiRequest, "method" | "parameters">;

/** Sends one request that may be repeated without harm for each target. Answers with the given id. */
export function forEachChat(
  client: Client,
  activity: Parameters<typeof forEachTarget>[0],
  context: VerbContext,
  callOf: (chat: ReturnType<typeof chatOf>) => Call,
  id?: string,
): Promise<Receipt> {
  return forEachTarget(activity, context, { classifyError }, async (address, beforeSend) => {
    await client.request({ ...callOf(chatOf(address)), signal: context.signal, beforeSend, isIdempotent: true });
    return id;
  });
}

/** Edits a message of the bot, or changes a group's title or description. */
export async function update(client: Client, activity: ActivityOf<typeof UpdateSchema>, context: VerbContext) {
  const { object } = activity;
  if (object.type === "topic")
    return forEachChat(client, activity, context, ({ chat_id }) => ({
      method: "setChatDescription",
      parameters: { chat_id, description: object.body },
    }));
  if (object.type === "room")
    return forEachChat(client, activity, context, ({ chat_id }) => ({
      method: "setChatTitle",
      parameters: { chat_id, title: object.name },
    }));
  const text = toTelegramHtml(richTextOf(object));
  const receipt = await forEachChat(
    client,
    activity,
    context,
    ({ chat_id }) => ({
      method: "editMessageText",
      parameters: { chat_id, message_id: Number(object.id), text, parse_mode: "HTML" },
    }),
    object.id,
  );
  return { ...receipt, object: { id: object.id } };
}

/** Deletes a message: the bot's own, or any where the bot is an administrator. */
export function remove(client: Client, activity: ActivityOf<typeof DeleteSchema>, context: VerbContext) {
  return forEachChat(client, activity, context, ({ chat_id }) => ({
    method: "deleteMessage",
    parameters: { chat_id, message_id: Number(activity.object.id) },
  }));
}

/** Sets the bot's reaction to a message. A bot has one, so a second replaces the first. */
export function react(client: Client, activity: ActivityOf<typeof ReactSchema>, context: VerbContext) {
  return setReaction(client, activity, context, [{ type: "emoji", emoji: activity.object.content }]);
}

/** Takes the bot's reaction back. */
export function unreact(client: Client, activity: ActivityOf<typeof UnreactSchema>, context: VerbContext) {
  return setReaction(client, activity, context, []);
}

function setReaction(
  client: Client,
  activity: ActivityOf<typeof UnreactSchema>,
  context: VerbContext,
  reaction: readonly unknown[],
) {
  return forEachChat(client, activity, context, ({ chat_id }) => ({
    method: "setMessageReaction",
    parameters: { chat_id, message_id: Number(activity.object.id), reaction },
  }));
}

/** Shows "typing" for five seconds. Telegram has no call to end it; `paused` does nothing. */
export async function typing(client: Client, activity: ActivityOf<typeof TypingSchema>, context: VerbContext) {
  const { state = "composing" } = activity.object;
  if (state === "paused") {
    await context.commit();
    return {
      outcomes: context.pending.map((index) => ({
        address: activity.target[index]?.address ?? "",
        status: "sent" as const,
      })),
    };
  }
  return forEachChat(client, activity, context, (chat) => ({
    method: "sendChatAction",
    parameters: { ...chat, action: "typing" },
  }));
}
