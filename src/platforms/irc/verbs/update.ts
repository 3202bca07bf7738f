import { Failure } from "../../../model/failure.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import type { UpdateSchema } from "../schemas/channels.ts";
import { runCommand, runForTargets } from "./command.ts";

/** Changes a channel's topic, or the account's own nick, which later connections keep. */
export async function update(
  client: Client,
  activity: ActivityOf<typeof UpdateSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { object } = activity;
  if (object.type === "profile") return changeNick(client, object.name, context);
  const results = await runForTargets(activity, context, (address, commit) =>
    runCommand(client, { address, line: `TOPIC ${address} :${object.body}` }, context, commit),
  );
  const messages = results.flatMap((result) => ("messages" in result ? result.messages : []));
  // Networks cut long topics off.
  const topic = messages.find(({ command, nick }) => command === "TOPIC" && client.isOwnNick(nick))?.params.at(-1);
  return {
    outcomes: results.map(({ outcome }) => outcome),
    ...(topic === undefined ? {} : { object: { type: "topic", body: topic } }),
  };
}

async function changeNick(client: Client, name: string, context: VerbContext): Promise<Receipt> {
  const { outcome } = await runCommand(client, { address: name, line: `NICK ${name}` }, context, () =>
    context.commit(),
  );
  if (outcome.status !== "sent" && outcome.error)
    throw new Failure({
      kind: outcome.status === "failed" ? "permanent" : "retryable",
      code: outcome.error.code,
      detail: outcome.error.detail,
      mayHaveLanded: outcome.status === "unknown",
      ...(outcome.retryAfterMs === undefined ? {} : { retryAfterMs: outcome.retryAfterMs }),
      ...(outcome.error.platformCode === undefined ? {} : { platformCode: outcome.error.platformCode }),
    });
  await client.nickKeeper.change(name);
  return { outcomes: [], object: { type: "profile", name: client.nick() } };
}
