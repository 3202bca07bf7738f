import type { Activity } from "../../../model/activity.ts";
import { type Outcome, outcomeOf, type Receipt, type VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { fault } from "../client/coded-error.ts";
import { classifyError } from "../errors.ts";
import { committing, done, each } from "./command.ts";

const addressesOf = ({ target }: Activity, { pending }: VerbContext) =>
  pending.map((index) => target[index]?.address ?? "");
const trailing = (text: unknown) => (typeof text === "string" && text !== "" ? ` :${text}` : "");

/** Joins channels and keeps them, with their key, for every reconnect; the account then stays online. */
export async function join(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const key = activity.object.key as string | undefined;
  const { commit, made } = committing(context);
  const results = await each(addressesOf(activity, context), made, async (address) => {
    const kept = await client.rooms.keeps(address);
    const line = `JOIN ${address}${key === undefined ? "" : ` ${key}`}`;
    // Kept before it is joined: who takes over after a crash in between joins it.
    const deed = { address, line, prepare: () => client.rooms.keep(address, key) };
    const { outcome, messages } = await done(client, deed, context, commit);
    if (outcome.status !== "sent") {
      if (!kept && outcome.status === "failed") await client.rooms.forget(address);
      return { outcome };
    }
    if (client.rooms.has(address)) return { outcome };
    const led = messages.find(({ command, nick }) => command === "JOIN" && client.isOwn(nick))?.params[0];
    await client.rooms.forget(address);
    if (led === undefined)
      return { outcome: outcomeOf(address, classifyError(fault("IRC_NUMERIC", "Not let in", { numeric: "471" }))) };
    await client.rooms.keep(led, key);
    return { outcome, led };
  });
  const outcomes = results.map(({ outcome }) => outcome);
  if (outcomes.some(({ status }) => status === "sent")) await context.setDesiredOnline(true);
  const led = results.flatMap((result) => ("led" in result && result.led ? [result.led] : []));
  return { outcomes, ...(led.length > 0 ? { object: { type: "room", rooms: led } } : {}) };
}

/** Leaves channels for good; not having been in one is as good as having left it. */
export async function leave(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { commit, made } = committing(context);
  const results = await each(addressesOf(activity, context), made, (address) =>
    done(
      client,
      {
        address,
        line: `PART ${address}${trailing(activity.object.body)}`,
        prepare: () => client.rooms.forget(address),
        fine: ["403", "442"],
      },
      context,
      commit,
    ),
  );
  return { outcomes: results.map(({ outcome }) => outcome) };
}

/** Asks somebody into a channel. */
export function invite(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return single(client, activity, context, (room, who) => `INVITE ${who} ${room}`, ["443"]);
}

/** Throws somebody out of a channel. */
export function kick(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return single(client, activity, context, (room, who) => `KICK ${room} ${who}${trailing(activity.object.body)}`, []);
}

async function single(
  client: Client,
  activity: Activity,
  context: VerbContext,
  lineOf: (room: string, who: string) => string,
  fine: readonly string[],
): Promise<Receipt> {
  const { commit, made } = committing(context);
  const who = String(activity.object.address);
  const results = await each(addressesOf(activity, context), made, (address) =>
    done(client, { address, line: lineOf(address, who), fine }, context, commit),
  );
  return { outcomes: results.map(({ outcome }): Outcome => outcome) };
}
