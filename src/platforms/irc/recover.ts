import type { Activity } from "../../model/activity.ts";
import type { Outcome, Receipt, VerbContext } from "../../platform/platform.ts";
import type { Client } from "./client/client.ts";

/**
 * Finds out what became of work that broke after its commit, where the connection itself shows it: being in a channel or out of it,
 * and the nick. What was said leaves no trace on IRC, so of that nobody can tell.
 */
export async function recover(
  client: Client,
  activity: Activity,
  { pending }: VerbContext,
): Promise<Receipt | undefined> {
  const { verb, object, target } = activity;
  if (verb === "update" && object.type === "profile")
    return client.isOwn(String(object.name))
      ? { outcomes: [], object: { type: "profile", name: client.nick() } }
      : undefined;
  if (verb !== "join" && verb !== "leave") return undefined;
  const rooms = pending.map((index) => target[index]?.address ?? "");
  if (rooms.some((room) => client.rooms.has(room) !== (verb === "join"))) return undefined;
  return { outcomes: rooms.map((address): Outcome => ({ address, status: "sent" })) };
}
