import { xml } from "@xmpp/client";
import {
  type ActivityOf,
  type Outcome,
  outcomeOf,
  type Receipt,
  type VerbContext,
} from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { bare } from "../client/jid.ts";
import { classifyError } from "../errors.ts";
import type { FriendSchema, RequestFriendSchema } from "../schemas/contacts.ts";
import { sendStanzas } from "./send-stanzas.ts";

type FriendActivity = ActivityOf<typeof FriendSchema>;

/** Requests a person's presence (RFC 6121 section 3.1). `body` goes along where the server allows a text. */
export function requestFriend(
  client: Client,
  activity: ActivityOf<typeof RequestFriendSchema>,
  context: VerbContext,
): Promise<Receipt> {
  return sendSubscription(client, activity, context, ["subscribe"], activity.object.body);
}

/** Approves a person's request and requests the person's presence in turn. */
export function makeFriend(client: Client, activity: FriendActivity, context: VerbContext): Promise<Receipt> {
  return sendSubscription(client, activity, context, ["subscribed", "subscribe"]);
}

/** Denies a person's request, or cancels the approval. */
export function rejectFriend(client: Client, activity: FriendActivity, context: VerbContext): Promise<Receipt> {
  return sendSubscription(client, activity, context, ["unsubscribed"]);
}

function sendSubscription(
  client: Client,
  activity: Pick<FriendActivity, "id" | "target">,
  context: VerbContext,
  types: readonly string[],
  body?: string,
): Promise<Receipt> {
  const status = body === undefined ? [] : [xml("status", {}, body)];
  if (types.some((type) => type.endsWith("subscribed")))
    for (const { address } of activity.target)
      client.memory.answeredRequests.set(bare(address), new Date().toISOString());
  return sendStanzas(client, { ...activity, context: { type: "direct" } as const }, context, ({ address, id }) =>
    types.map((type) => xml("presence", { to: bare(address), type, id }, ...status)),
  );
}

/** Removes a person from the roster, which ends both directions (RFC 6121 section 2.5). May be repeated. */
export async function removeFriend(
  { stream }: Client,
  activity: FriendActivity,
  context: VerbContext,
): Promise<Receipt> {
  await context.commit();
  const outcomes = context.pending.map(async (index): Promise<Outcome> => {
    const address = activity.target[index]?.address ?? "";
    const item = xml("item", { jid: bare(address), subscription: "remove" });
    try {
      await stream.request("set", xml("query", { xmlns: "jabber:iq:roster" }, item));
      return { address, status: "sent" };
    } catch (thrown) {
      const failure = classifyError(thrown);
      // A person who is not on the roster counts as removed.
      return failure.platformCode === "item-not-found" ? { address, status: "sent" } : outcomeOf(address, failure);
    }
  });
  return { outcomes: await Promise.all(outcomes) };
}
