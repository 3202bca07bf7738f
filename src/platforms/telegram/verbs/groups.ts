import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import type { ActivityOf, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { classifyError, recordOf } from "../errors.ts";
import type { InviteSchema, KickSchema, LeaveSchema, UnbanSchema } from "../schemas/groups.ts";
import { forEachChat } from "./change.ts";

/** Leaves groups and channels. */
export function leave(client: Client, activity: ActivityOf<typeof LeaveSchema>, context: VerbContext) {
  return forEachChat(client, activity, context, ({ chat_id }) => ({ method: "leaveChat", parameters: { chat_id } }));
}

/** Sends persons a link into a group, since bots cannot add members. Each link admits one person. */
export function invite(client: Client, activity: ActivityOf<typeof InviteSchema>, context: VerbContext) {
  const { signal } = context;
  const { address: room, reason } = activity.object;
  return forEachTarget(activity, context, { classifyError }, async (address, beforeSend) => {
    const parameters = { chat_id: room, member_limit: 1 };
    const link = await client.request({ method: "createChatInviteLink", parameters, signal, isIdempotent: true });
    const text = [reason, recordOf(link).invite_link].filter((line) => line !== undefined).join("\n");
    await client.paced(address, { method: "sendMessage", parameters: { chat_id: address, text }, signal, beforeSend });
    return undefined;
  });
}

/** Removes a person from a group; the person may come back by a link. */
export function kick(client: Client, activity: ActivityOf<typeof KickSchema>, context: VerbContext) {
  const { signal } = context;
  const user_id = Number(activity.object.address);
  return forEachTarget(activity, context, { classifyError }, async (chat_id, beforeSend) => {
    const parameters = { chat_id, user_id };
    await client.request({ method: "banChatMember", parameters, signal, beforeSend, isIdempotent: true });
    const unban = { ...parameters, only_if_banned: true };
    await client.request({ method: "unbanChatMember", parameters: unban, signal, isIdempotent: true });
    return undefined;
  });
}

/** Bans a person from a group until `unban`. */
export function ban(client: Client, activity: ActivityOf<typeof KickSchema>, context: VerbContext) {
  const user_id = Number(activity.object.address);
  return forEachChat(client, activity, context, ({ chat_id }) => ({
    method: "banChatMember",
    parameters: { chat_id, user_id },
  }));
}

/** Lifts a ban. */
export function unban(client: Client, activity: ActivityOf<typeof UnbanSchema>, context: VerbContext) {
  const user_id = Number(activity.object.address);
  return forEachChat(client, activity, context, ({ chat_id }) => ({
    method: "unbanChatMember",
    parameters: { chat_id, user_id, only_if_banned: true },
  }));
}
