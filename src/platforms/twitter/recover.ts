import { decodeTime } from "ulid";
import type { Activity } from "../../model/activity.ts";
import { Failure } from "../../model/failure.ts";
import type { Receipt, VerbContext } from "../../platform/platform.ts";
import type { Client } from "./client/client.ts";
import { MESSAGE_FIELDS, Messages, POST_FIELDS, Posts, type XMessage, type XPost } from "./client/response-schemas.ts";
import { messageItem, postItem } from "./inbound/item.ts";
import { sourceOf } from "./inbound/pages.ts";
import { idAt, isNewer, postOf } from "./schemas/address.ts";
import type { MessageObject, PostObject } from "./schemas/schemas.ts";
import { posted } from "./verbs/posting.ts";

/** A post may take some seconds to show up in its author's list. */
const LOOKS_MOST = 5;
/** Clocks differ: an activity was accepted, or a request left, up to so much earlier by X's. */
const ACCEPTED_MARGIN_MS = 60_000;
const LEFT_MARGIN_MS = 5_000;

/**
 * Whether a post or message that broke after its commit is out, where that is certain. X takes no second post of the same
 * words, so one that stands in the account's list since the activity was accepted is it. Media are in nothing but
 * what they were uploaded for. A message of the same words may be another one, so it must have come since the request
 * left, be no other request's, and be the only such. What left from a process that is no more is known of posts alone.
 * Throws to be asked again when it is not there yet; in the end that proves nothing, since the request may come late.
 */
export async function recover(client: Client, activity: Activity, context: VerbContext): Promise<Receipt | undefined> {
  const seek = activity.verb === "post" ? postSought : activity.verb === "send" ? messageSought : undefined;
  const found = await seek?.(client, activity, context);
  if (found === undefined || found === "ambiguous") return undefined;
  if (found !== "absent") return found;
  if (client.looks(activity.id) > LOOKS_MOST) return undefined;
  const detail = "X's answer was lost, and what it was about does not stand in the account's list yet.";
  throw new Failure({ kind: "retryable", code: "outcome-unknown", detail });
}

/** `undefined`: nobody could tell even if it were there. */
type Sought = Promise<Receipt | "absent" | "ambiguous" | undefined>;

async function postSought(client: Client, activity: Activity, context: VerbContext): Sought {
  const { body = "", inReplyTo, quote, attachments = [] } = activity.object as PostObject;
  const media = client.tries.of(activity.id)?.media;
  const accepted = acceptedAt(activity.id);
  if (accepted === undefined || (attachments.length > 0 && media === undefined)) return undefined;
  const own = await client.me(context.signal);
  const { path, params } = await sourceOf(client, own, context.signal);
  const query = { ...POST_FIELDS, max_results: 100, since_id: idAt(accepted) };
  const page = await client.ask({ method: "GET", path, params, query, signal: context.signal }, Posts);
  const isIt = (one: XPost): boolean => {
    if (attachments.length > 0) return carries(one, media ?? []);
    const { verb, object } = postItem(one, page.includes, own);
    const same = verb === "post" && bare(String(object.body)) === bare(body);
    const reply = inReplyTo && postOf(inReplyTo);
    return same && object.inReplyTo === reply && object.quote === (quote && postOf(quote));
  };
  const found = page.data?.find(isIt);
  return found === undefined ? "absent" : posted(activity, context, found.id);
}

async function messageSought(client: Client, activity: Activity, context: VerbContext): Sought {
  const { body = "", attachments = [] } = activity.object as MessageObject;
  const left = client.tries.of(activity.id);
  const [at, ...others] = context.pending;
  const address = at === undefined ? undefined : activity.target[at]?.address;
  if (left === undefined || address === undefined || others.length > 0) return undefined;
  const own = await client.me(context.signal);
  const list = address.startsWith("conversation:") ? address : `messages:${address}`;
  const { path, params } = await sourceOf(client, list, context.signal);
  const query = { ...MESSAGE_FIELDS, max_results: 100 };
  const page = await client.ask({ method: "GET", path, params, query, signal: context.signal }, Messages);
  const isIt = (one: XMessage): boolean => {
    if (one.sender_id !== own || client.tries.isAnswered(one.id)) return false;
    if (attachments.length > 0) return carries(one, left.media);
    const { object } = messageItem(one, page.includes, own);
    return isNewer(one.id, idAt(left.at - LEFT_MARGIN_MS)) && bare(String(object.body)) === bare(body);
  };
  const [found, ...more] = (page.data ?? []).filter(isIt);
  if (found === undefined) return "absent";
  if (more.length > 0) return "ambiguous";
  const conversation = found.dm_conversation_id;
  return {
    outcomes: [{ address, status: "sent", id: found.id }],
    ...(conversation === undefined ? {} : { object: { conversations: [`conversation:${conversation}`] } }),
  };
}

/** Whether something at X carries all these media: their keys there are a kind's number and the id of the upload. */
function carries({ attachments }: Pick<XPost, "attachments">, media: readonly string[]): boolean {
  const ids = new Set((attachments?.media_keys ?? []).map((key) => key.replace(/^[0-9]+_/, "")));
  return media.length > 0 && media.every((id) => ids.has(id));
}

/** When an activity was accepted says its id; a little earlier, for clocks that differ. */
function acceptedAt(id: string): number | undefined {
  try {
    return decodeTime(id) - ACCEPTED_MARGIN_MS;
  } catch {
    return undefined;
  }
}

/** Without what X changes: space at the ends, a link's missing scheme and closing slash, Unicode's form. */
function bare(text: string): string {
  return text
    .normalize("NFC")
    .trim()
    .replace(/https?:\/\//g, "")
    .replace(/\/(?=\s|$)/g, "");
}
