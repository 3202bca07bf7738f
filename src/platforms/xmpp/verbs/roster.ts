import { xml } from "@xmpp/client";
import type { Activity } from "../../../model/activity.ts";
import { type Lent, type Outcome, outcomeOf, type Receipt } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { bare } from "../client/jid.ts";
import { explain } from "../errors.ts";
import { post } from "./send-stanzas.ts";

/** Asks to see a person's presence; `body` goes along where the server lets it (RFC 6121 section 3.1). */
export function ask(client: Client, activity: Activity, lent: Lent): Promise<Receipt> {
  const { body } = activity.object as { body?: string };
  return wish(client, activity, lent, ["subscribe"], body);
}
/** Lets a person see ours, and asks for theirs. */
export function accept(client: Client, activity: Activity, lent: Lent): Promise<Receipt> {
  return wish(client, activity, lent, ["subscribed", "subscribe"]);
}
export function reject(client: Client, activity: Activity, lent: Lent): Promise<Receipt> {
  return wish(client, activity, lent, ["unsubscribed"]);
}

function wish(
  client: Client,
  activity: Activity,
  lent: Lent,
  types: readonly string[],
  body?: string,
): Promise<Receipt> {
  const status = body === undefined ? [] : [xml("status", {}, body)];
  return post(client, { ...activity, context: "direct" }, lent, ({ address, id }) =>
    types.map((type) => xml("presence", { to: bare(address), type, id }, ...status)),
  );
}

/** Takes a person off the roster, which ends both directions (RFC 6121 section 2.5). May be repeated. */
export async function remove({ stream }: Client, activity: Activity, lent: Lent): Promise<Receipt> {
  await lent.commit();
  const outcomes = lent.pending.map(async (index): Promise<Outcome> => {
    const address = activity.target[index]?.address ?? "";
    const item = xml("item", { jid: bare(address), subscription: "remove" });
    try {
      await stream.ask("set", xml("query", { xmlns: "jabber:iq:roster" }, item));
      return { address, status: "sent" };
    } catch (thrown) {
      const failure = explain(thrown);
      // Who is not on it has been removed.
      return failure.platformCode === "item-not-found" ? { address, status: "sent" } : outcomeOf(address, failure);
    }
  });
  return { outcomes: await Promise.all(outcomes) };
}
