import { decodeTime } from "ulid";
import type { Activity } from "../../model/activity.ts";
import type { Outcome, Receipt, VerbContext } from "../../platform/platform.ts";
import { keepsEverything, readPage } from "./client/archive.ts";
import { type Client, unlessRefused } from "./client/client.ts";
import { bare } from "./client/jid.ts";
import { attr } from "./client/stanza.ts";
import { isRoom, outgoingId } from "./verbs/send-stanzas.ts";

/** Verbs whose messages an archive keeps. */
const ARCHIVED_VERBS = new Set(["send", "delete", "react", "unreact", "invite"]);
/** Difference of clocks tolerated when searching an archive, in ms. */
const MAX_CLOCK_SKEW_MS = 900_000;
/** Pages searched, newest first. */
const MAX_PAGES = 20;

/**
 * Settles uncertain messages by the archives: `sent` where archived, `deferred` where absence is proof. Returns undefined
 * where the archive can't tell. All other verbs may simply run again.
 */
export async function recover(client: Client, activity: Activity, context: VerbContext): Promise<Receipt | undefined> {
  const { type } = activity.object;
  const deferred = (address: string): Outcome => ({ address, status: "deferred" });
  const targets = context.pending.map((index) => ({ index, address: activity.target[index]?.address ?? "" }));
  if (!ARCHIVED_VERBS.has(activity.verb) && (activity.verb !== "update" || type === "presence" || type === "topic"))
    return targets.length === 0 ? undefined : { outcomes: targets.map(({ address }) => deferred(address)) };
  const outcomes: Outcome[] = [];
  for (const { index, address } of targets) {
    const inRoom = isRoom(client, activity, address);
    const search = findMessage(client, activity, { address, inRoom, id: outgoingId(activity, index) });
    const result = await unlessRefused(search);
    if (result === undefined) return undefined;
    if (result.id !== undefined) outcomes.push({ address, status: "sent", id: result.id });
    else if (inRoom || (await unlessRefused(keepsEverything(client)))) outcomes.push(deferred(address));
    else return undefined;
  }
  return { outcomes, object: { id: activity.id } };
}

interface SoughtMessage {
  readonly address: string;
  readonly inRoom: boolean;
  readonly id: string;
}

/** Searches an archive for a message. Resolves with the public id; no id where absent, undefined where the search was cut. */
async function findMessage(client: Client, activity: Activity, { address, inRoom, id }: SoughtMessage) {
  const start = new Date(decodeTime(activity.id) - MAX_CLOCK_SKEW_MS).toISOString();
  const scope = inRoom ? { room: bare(address) } : { with: bare(address) };
  let before = "";
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const page = await readPage(client, { ...scope, start, before, max: 100 });
    for (const { id: archiveId, message } of page.items) {
      const originId = attr(message.getChild("origin-id", "urn:xmpp:sid:0"), "id");
      if (originId === id || message.attrs.id === id) return { id: inRoom ? archiveId : id };
    }
    if (page.complete || page.first === undefined || page.first === before) return { id: undefined };
    before = page.first;
  }
  return undefined;
}
