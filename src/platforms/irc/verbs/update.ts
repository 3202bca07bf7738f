import type { Activity } from "../../../model/activity.ts";
import { Failure } from "../../../model/failure.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { committing, done, each } from "./command.ts";

/** Changes a channel's topic, or the account's own nick, which it then has after each reconnect as well. */
export async function update(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { commit, made } = committing(context);
  if (activity.object.type === "profile") return rename(client, String(activity.object.name), context, commit);
  const addresses = context.pending.map((index) => activity.target[index]?.address ?? "");
  const results = await each(addresses, made, (address) =>
    done(client, { address, line: `TOPIC ${address} :${String(activity.object.body)}` }, context, commit),
  );
  const set = results.flatMap((result) => ("messages" in result ? result.messages : []));
  // Networks cut long topics off.
  const topic = set.find(({ command, nick }) => command === "TOPIC" && client.isOwn(nick))?.params.at(-1);
  return {
    outcomes: results.map(({ outcome }) => outcome),
    ...(topic === undefined ? {} : { object: { type: "topic", body: topic } }),
  };
}

async function rename(
  client: Client,
  name: string,
  context: VerbContext,
  commit: () => Promise<void>,
): Promise<Receipt> {
  const { outcome } = await done(client, { address: name, line: `NICK ${name}` }, context, commit);
  if (outcome.status !== "sent" && outcome.error)
    throw new Failure({
      kind: outcome.status === "failed" ? "permanent" : "retryable",
      code: outcome.error.code,
      detail: outcome.error.detail,
      mayHaveLanded: outcome.status === "unknown",
      ...(outcome.retryAfterMs === undefined ? {} : { retryAfterMs: outcome.retryAfterMs }),
      ...(outcome.error.platformCode === undefined ? {} : { platformCode: outcome.error.platformCode }),
    });
  await client.wanted.change(name);
  return { outcomes: [], object: { type: "profile", name: client.nick() } };
}
