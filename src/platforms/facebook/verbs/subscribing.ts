import type { Activity } from "../../../model/activity.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { idOf, recordOf, recordsIn } from "../inbound/item.ts";

/** Facebook's names of what is pushed, by what an app asks for. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  messages: [
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_edits",
    "messaging_postbacks",
  ],
  feed: ["feed"],
};

/** Has Facebook push what the targets name to the Meta app's webhook, beside what it pushes already. */
export function subscribe(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return change(client, activity, context, (there, named) => [...new Set([...there, ...named])]);
}

/** Has Facebook stop pushing what the targets name. */
export function unsubscribe(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return change(client, activity, context, (there, named) => there.filter((field) => !named.includes(field)));
}

async function change(
  client: Client,
  { actor, target }: Activity,
  context: VerbContext,
  wanted: (there: readonly string[], named: readonly string[]) => readonly string[],
): Promise<Receipt> {
  const path = `${actor.address}/subscribed_apps`;
  const addresses = context.pending.map((at) => target[at]?.address ?? "");
  const named = addresses.flatMap((address) => FIELDS[address] ?? []);
  const { data } = await client.request({ method: "GET", path, signal: context.signal });
  const there = recordsIn(data, 10).flatMap((app) =>
    Array.isArray(app.subscribed_fields) ? app.subscribed_fields : [],
  );
  const fields = wanted(
    there.flatMap((field) => idOf(typeof field === "string" ? field : recordOf(field).name) ?? []),
    named,
  );
  const options = { signal: context.signal, beforeSend: context.commit, isIdempotent: true };
  if (fields.length === 0) await client.request({ method: "DELETE", path, ...options });
  else await client.request({ method: "POST", path, body: { subscribed_fields: fields.join(",") }, ...options });
  return { outcomes: addresses.map((address) => ({ address, status: "sent" })) };
}
