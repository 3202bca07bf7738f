import type { Activity } from "../../../model/activity.ts";
import { type Outcome, outcomeOf, type Receipt, type VerbContext } from "../../../platform/platform.ts";
import { type Client, forget } from "../client/client.ts";
import { bare, local } from "../client/jid.ts";
import { enter, exit } from "../client/rooms.ts";
import { classifyError } from "../errors.ts";
import { catchUp } from "../inbound/catch-up.ts";

/** Enters rooms, for good: whoever holds the account next enters them again. May be repeated. */
export async function join(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { nick, password } = activity.object as { nick?: string; password?: string };
  const wanted = nick ?? local(client.me);
  await context.commit();
  const outcomes = context.pending.map((index) =>
    tried(activity.target[index]?.address ?? "", async (room) => {
      await enter(client, { room, nick: wanted, password });
      await client.hold.state.write(`room ${room}`, wanted);
      if (password !== undefined) await client.hold.sealedState.write(`room ${room}`, password);
      await catchUp(client, await client.hold.state.read(), room);
    }),
  );
  const receipt = { outcomes: await Promise.all(outcomes) };
  if (receipt.outcomes.some(({ status }) => status === "sent")) await context.setDesiredOnline(true);
  return receipt;
}

/** Leaves rooms for good. May be repeated. */
export async function leave(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  await context.commit();
  const outcomes = context.pending.map((index) =>
    tried(activity.target[index]?.address ?? "", async (room) => {
      const entered = client.rooms.get(room);
      // Forgotten first: a break in between must not bring it back.
      await forget(client, room);
      if (entered) await exit(client, room, entered.nick);
    }),
  );
  return { outcomes: await Promise.all(outcomes) };
}

async function tried(address: string, deed: (room: string) => Promise<void>): Promise<Outcome> {
  try {
    await deed(bare(address));
    return { address, status: "sent" };
  } catch (thrown) {
    return outcomeOf(address, classifyError(thrown));
  }
}
