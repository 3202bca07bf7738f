import { xml } from "@xmpp/client";
import type { Activity } from "../../../model/activity.ts";
import { type Outcome, outcomeOf, type Receipt, type VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { bare } from "../client/jid.ts";
import { classifyError } from "../errors.ts";
import { post } from "./send-stanzas.ts";

/** Asks to see a person's presence; `body` goes along where the server lets it (RFC 6121 section 3.1). */
export function ask(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { body } = activity.object as { body?: string };
  return wish(client, activity, context, ["subscribe"], body);
}
/** Lets a person see ours, and asks for theirs. */
export function accept(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return wish(client, activity, context, ["subscribed", "subscribe"]);
}
export function reject(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return wish(client, activity, context, ["unsubscribed"]);
}

function wish(
  client: Client,
  activity: Activity,
  context: VerbContext,
  types: readonly string[],
  body?: string,
): Promise<Receipt> {
  const status = body === undefined ? [] : [xml("status", {}, body)];
  return post(client, { ...activity, context: "direct" }, context, ({ address, id }) =>
    types.map((type) => xml("presence", { to: bare(address), type, id }, ...status)),
  );
}

/** Takes a person off the roster, which ends both directions (RFC 6121 section 2.5). May be repeated. */
export async function remove({ stream }: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  await context.commit();
  const outcomes = context.pending.map(async (index): Promise<Outcome> => {
    const address = activity.target[index]?.address ?? "";
    const item = xml("item", { jid: bare(address), subscription: "remove" });
    try {
      await stream.ask("set", xml("query", { xmlns: "jabber:iq:roster" }, item));
      return { address, status: "sent" };
    } catch (thrown) {
      const failure = classifyError(thrown);
      // Who is not on it has been removed.
      return failure.platformCode === "item-not-found" ? { address, status: "sent" } : outcomeOf(address, failure);
    }
  });
  return { outcomes: await Promise.all(outcomes) };
}
