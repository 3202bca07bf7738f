import { decodeTime } from "ulid";
import type { Activity } from "../../model/activity.ts";
import type { Outcome, Receipt, VerbContext } from "../../platform/platform.ts";
import { keepsAll, page } from "./client/archive.ts";
import { type Client, optional } from "./client/client.ts";
import { bare } from "./client/jid.ts";
import { attr } from "./inbound/inbound.ts";
import { isRoom, letterId } from "./verbs/send-stanzas.ts";

/** Verbs whose effect an archive keeps. */
const KEPT = new Set(["send", "reply", "delete", "react"]);
/** Ours may be this much older by the server's clock; and so many pages are looked through, newest first. */
const SKEW_MS = 900_000;
const PAGES = 20;

/**
 * Finds out in the archives what became of messages: `sent` where they are, another try where they can't be missing;
 * undefined where nobody can tell. All other verbs may simply be done again.
 */
export async function recover(client: Client, activity: Activity, context: VerbContext): Promise<Receipt | undefined> {
  const { type } = activity.object as { readonly type?: string };
  const again = (address: string): Outcome => ({ address, status: "deferred" });
  const targets = context.pending.map((index) => ({ index, address: activity.target[index]?.address ?? "" }));
  if (!KEPT.has(activity.verb) && (activity.verb !== "update" || type === "presence" || type === "topic"))
    return targets.length === 0 ? undefined : { outcomes: targets.map(({ address }) => again(address)) };
  const outcomes: Outcome[] = [];
  for (const { index, address } of targets) {
    const inRoom = isRoom(client, activity, address);
    const found = await optional(look(client, activity, { address, inRoom, id: letterId(activity, index) }));
    if (found === undefined) return undefined;
    if (found.id !== undefined) outcomes.push({ address, status: "sent", id: found.id });
    else if (inRoom || (await optional(keepsAll(client)))) outcomes.push(again(address));
    else return undefined;
  }
  return { outcomes, object: { id: activity.id } };
}

interface Sought {
  readonly address: string;
  readonly inRoom: boolean;
  readonly id: string;
}

/** Answers the id by which it is known, none where it is not there, undefined where there was more than could be read. */
async function look(client: Client, activity: Activity, { address, inRoom, id }: Sought) {
  const start = new Date(decodeTime(activity.id) - SKEW_MS).toISOString();
  const where = inRoom ? { room: bare(address) } : { with: bare(address) };
  let before = "";
  for (let read = 0; read < PAGES; read += 1) {
    const found = await page(client, { ...where, start, before, max: 100 });
    for (const { id: filed, message } of found.items) {
      const origin = attr(message.getChild("origin-id", "urn:xmpp:sid:0"), "id");
      if (origin === id || message.attrs.id === id) return { id: inRoom ? filed : id };
    }
    if (found.complete || found.first === undefined || found.first === before) return { id: undefined };
    before = found.first;
  }
  return undefined;
}
