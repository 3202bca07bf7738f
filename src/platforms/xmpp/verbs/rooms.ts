import { xml } from "@xmpp/client";
import { optional } from "../../../model/optional.ts";
import {
  type ActivityOf,
  type Outcome,
  outcomeOf,
  type Receipt,
  type VerbContext,
} from "../../../platform/platform.ts";
import { type Client, forgetRoom } from "../client/client.ts";
import { bare, local, resource } from "../client/jid.ts";
import { enterRoom, exitRoom } from "../client/rooms.ts";
import { classifyError } from "../errors.ts";
import { readArchive } from "../inbound/catch-up.ts";
import type { InviteSchema, JoinSchema, KickSchema, LeaveSchema } from "../schemas/rooms.ts";
import { sendStanzas } from "./send-stanzas.ts";

const NS_MUC_ADMIN = "http://jabber.org/protocol/muc#admin";

/** Joins rooms and stores them, so that later connections join them again. May be repeated. */
export async function join(
  client: Client,
  activity: ActivityOf<typeof JoinSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { nick = local(client.jid), password } = activity.object;
  await context.commit();
  const outcomes = await forEachRoom(activity, context, async (room) => {
    await enterRoom(client, { room, nick, password });
    await client.context.state.write(`room ${room}`, nick);
    if (password !== undefined) await client.context.sealedState.write(`room ${room}`, password);
    await readArchive(client, await client.context.state.read(), room);
  });
  if (outcomes.some(({ status }) => status === "sent")) await context.setDesiredOnline(true);
  return { outcomes };
}

/** Leaves rooms for good. May be repeated. */
export async function leave(
  client: Client,
  activity: ActivityOf<typeof LeaveSchema>,
  context: VerbContext,
): Promise<Receipt> {
  await context.commit();
  const outcomes = await forEachRoom(activity, context, async (room) => {
    const joined = client.rooms.get(room);
    // The room is forgotten first: a break in between must not join it again.
    await forgetRoom(client, room);
    if (joined) await exitRoom(client, room, joined.nick, activity.object.reason);
  });
  return { outcomes };
}

/** Invites persons into a room (XEP-0249). */
export function invite(
  client: Client,
  activity: ActivityOf<typeof InviteSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { address: jid, password, reason } = activity.object;
  const attributes = {
    xmlns: "jabber:x:conference",
    jid,
    ...optional("password", password),
    ...optional("reason", reason),
  };
  return sendStanzas(client, { ...activity, context: { type: "direct" } }, context, ({ address, id }) => [
    xml("message", { to: address, id }, xml("x", attributes)),
  ]);
}

/** Removes an occupant from a room (XEP-0045 section 8.2). */
export async function kick(
  client: Client,
  activity: ActivityOf<typeof KickSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { address: occupant, reason } = activity.object;
  const nick = resource(occupant) || occupant;
  const children = reason === undefined ? [] : [xml("reason", {}, reason)];
  await context.commit();
  const outcomes = await forEachRoom(activity, context, async (room) => {
    const item = xml("item", { nick, role: "none" }, ...children);
    await client.stream.request("set", xml("query", { xmlns: NS_MUC_ADMIN }, item), room);
  });
  return { outcomes };
}

function forEachRoom(
  { target }: Pick<ActivityOf<typeof LeaveSchema>, "target">,
  { pending }: Pick<VerbContext, "pending">,
  action: (room: string) => Promise<void>,
): Promise<Outcome[]> {
  return Promise.all(
    pending.map(async (index): Promise<Outcome> => {
      const address = target[index]?.address ?? "";
      try {
        await action(bare(address));
        return { address, status: "sent" };
      } catch (thrown) {
        return outcomeOf(address, classifyError(thrown));
      }
    }),
  );
}
