import { type ActivityOf, outcomeOf, type Receipt, type VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { codedError } from "../client/coded-error.ts";
import { classifyError } from "../errors.ts";
import type { InviteSchema, JoinSchema, KickSchema, LeaveSchema } from "../schemas/channels.ts";
import { type CommandResult, runCommand, runForTargets } from "./command.ts";

const trailing = (text: string | undefined) => (text === undefined || text === "" ? "" : ` :${text}`);

/** Joins channels and stores them, with their key, for later connections. The account then stays online. */
export async function join(
  client: Client,
  activity: ActivityOf<typeof JoinSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { password } = activity.object;
  const results = await runForTargets(activity, context, (address, commit) =>
    joinChannel(client, { address, password, context, commit }),
  );
  const outcomes = results.map(({ outcome }) => outcome);
  if (outcomes.some(({ status }) => status === "sent")) await context.setDesiredOnline(true);
  const forwarded = results.flatMap((result) => ("forwarded" in result && result.forwarded ? [result.forwarded] : []));
  const items = forwarded.map((address) => ({ type: "room", address }));
  return { outcomes, ...(items.length > 0 ? { object: { type: "collection", items } } : {}) };
}

interface ChannelJoin {
  readonly address: string;
  readonly password: string | undefined;
  readonly context: VerbContext;
  readonly commit: () => Promise<void>;
}

/** Joins a channel; follows the network where the channel forwards to another one (470). */
async function joinChannel(client: Client, { address, password, context, commit }: ChannelJoin) {
  const wasStored = await client.channels.isStored(address);
  const command = {
    address,
    line: `JOIN ${address}${password === undefined ? "" : ` ${password}`}`,
    // The channel is stored before the JOIN: a worker that takes over after a crash in between joins the channel.
    prepare: () => client.channels.store(address, password),
    isEffect: ({ command: name, nick }: CommandResult["messages"][number]) => name === "JOIN" && client.isOwnNick(nick),
  };
  const { outcome, messages } = await runCommand(client, command, context, commit);
  if (outcome.status !== "sent") {
    if (!wasStored && outcome.status === "failed") await client.channels.forget(address);
    return { outcome };
  }
  if (client.channels.has(address)) return { outcome };
  const forwarded = messages.find(command.isEffect)?.params[0];
  await client.channels.forget(address);
  if (forwarded === undefined) {
    const refused = codedError("IRC_NUMERIC", "The channel did not let the account in", { numeric: "471" });
    return { outcome: outcomeOf(address, classifyError(refused)) };
  }
  await client.channels.store(forwarded, password);
  return { outcome, forwarded };
}

/** Leaves channels permanently; a channel that the account was not in counts as left. */
export async function leave(
  client: Client,
  activity: ActivityOf<typeof LeaveSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const results = await runForTargets(activity, context, (address, commit) => {
    const command = {
      address,
      line: `PART ${address}${trailing(activity.object.reason)}`,
      prepare: () => client.channels.forget(address),
      acceptedRefusals: ["403", "442"],
    };
    return runCommand(client, command, context, commit);
  });
  return { outcomes: results.map(({ outcome }) => outcome) };
}

/** Invites persons into a channel. A person who is in the channel already counts as invited. */
export async function invite(
  client: Client,
  activity: ActivityOf<typeof InviteSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const results = await runForTargets(activity, context, (nick, commit) => {
    const line = `INVITE ${nick} ${activity.object.address}`;
    return runCommand(client, { address: nick, line, acceptedRefusals: ["443"] }, context, commit);
  });
  return { outcomes: results.map(({ outcome }) => outcome) };
}

/** Removes a person from a channel. */
export async function kick(
  client: Client,
  activity: ActivityOf<typeof KickSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { address: nick, reason } = activity.object;
  const results = await runForTargets(activity, context, (channel, commit) => {
    const line = `KICK ${channel} ${nick}${trailing(reason)}`;
    return runCommand(client, { address: channel, line }, context, commit);
  });
  return { outcomes: results.map(({ outcome }) => outcome) };
}
