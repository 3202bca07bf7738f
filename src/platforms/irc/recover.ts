import type { Activity } from "../../model/activity.ts";
import type { Outcome, Receipt, VerbContext } from "../../platform/platform.ts";
import type { Client } from "./client/client.ts";

/**
 * Settles uncertain work that the connection itself shows: membership of channels, and the nick. Messages leave no trace
 * on IRC, so their outcome stays unknown.
 */
export async function recover(
  client: Client,
  { verb, object, target }: Activity,
  { pending }: VerbContext,
): Promise<Receipt | undefined> {
  if (verb === "update" && object.type === "profile")
    return client.isOwnNick(String(object.name))
      ? { outcomes: [], object: { type: "profile", name: client.nick() } }
      : undefined;
  if (verb !== "join" && verb !== "leave") return undefined;
  const channels = pending.map((index) => target[index]?.address ?? "");
  if (channels.some((channel) => client.channels.has(channel) !== (verb === "join"))) return undefined;
  return { outcomes: channels.map((address): Outcome => ({ address, status: "sent" })) };
}
