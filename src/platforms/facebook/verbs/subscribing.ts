import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { idOf, recordOf, recordsIn } from "../inbound/json.ts";
import type { SubscribeSchema } from "../schemas/reading.ts";

type Subscription = ActivityOf<typeof SubscribeSchema>;

/** Facebook's webhook fields by target. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  messages: [
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_edits",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
    "standby",
  ],
  feed: ["feed"],
};

/** Subscribes the Meta app's webhook to the targets' fields, beside those that it has. */
export function subscribe(client: Client, activity: Subscription, context: VerbContext): Promise<Receipt> {
  return change(client, activity, context, (existing, named) => [...new Set([...existing, ...named])]);
}

/** Ends the webhook's subscription to the targets' fields. */
export function unsubscribe(client: Client, activity: Subscription, context: VerbContext): Promise<Receipt> {
  return change(client, activity, context, (existing, named) => existing.filter((field) => !named.includes(field)));
}

async function change(
  client: Client,
  { actor, target }: Subscription,
  context: VerbContext,
  fieldsAfter: (existing: readonly string[], named: readonly string[]) => readonly string[],
): Promise<Receipt> {
  const path = `${actor.address}/subscribed_apps`;
  const addresses = context.pending.map((index) => target[index]?.address ?? "");
  const named = addresses.flatMap((address) => FIELDS[address] ?? []);
  const { data } = await client.request({ method: "GET", path, signal: context.signal });
  const listed = recordsIn(data, 10).flatMap((app) =>
    Array.isArray(app.subscribed_fields) ? app.subscribed_fields : [],
  );
  const existing = listed.flatMap((field) => idOf(typeof field === "string" ? field : recordOf(field).name) ?? []);
  const fields = fieldsAfter(existing, named);
  const options = { path, signal: context.signal, beforeSend: context.commit, isIdempotent: true };
  if (fields.length === 0) await client.request({ method: "DELETE", ...options });
  else await client.request({ method: "POST", body: { subscribed_fields: fields.join(",") }, ...options });
  return { outcomes: addresses.map((address) => ({ address, status: "sent" })) };
}
