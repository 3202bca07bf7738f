import { decodeTime } from "ulid";
import type { Activity } from "../../model/activity.ts";
import { Failure } from "../../model/failure.ts";
import { networkText, PLAIN_TEXT, postedText } from "../../platform/kit/rich-text/rich-text.ts";
import type { Receipt, VerbContext } from "../../platform/platform.ts";
import type { Client } from "./client/client.ts";
import { MESSAGE_FIELDS, Messages, POST_FIELDS, Posts, type XMessage, type XPost } from "./client/response-schemas.ts";
import { messageItem, postItem } from "./inbound/item.ts";
import { sourceOf } from "./inbound/pages.ts";
import { idAt, isNewer, postIdOf } from "./schemas/address.ts";
import { conversationsObject, postReceipt } from "./verbs/posting.ts";

/** Maximum number of searches. A post may take some seconds to show up in its author's list. */
const MAX_SEARCHES = 5;
/** Tolerance for clocks that differ: X may date an activity or a request earlier. */
const ACCEPTED_MARGIN_MS = 60_000;
const SENT_MARGIN_MS = 5_000;

/**
 * Finds out whether a post or message that broke after its commit was published. X accepts no second post of the same
 * text, so a matching post in the account's list since the activity was accepted must be the activity's. Media ids belong
 * to nothing but the upload they were made for. A message with the same text may be another one, so it must be newer than
 * the request, belong to no other request, and be the only match. Of requests that another process sent, only posts can be
 * found. Throws to be called again while nothing is found; in the end that proves nothing, since the request may arrive
 * late.
 */
export async function recover(client: Client, activity: Activity, context: VerbContext): Promise<Receipt | undefined> {
  const result = await search(client, activity, context);
  if (result === undefined || result === "ambiguous") return undefined;
  if (result !== "absent") return result;
  if (client.countRecovery(activity.id) > MAX_SEARCHES) return undefined;
  const detail = "X's answer was lost, and the post or message is not in the account's list yet.";
  throw new Failure({ kind: "retryable", code: "outcome-unknown", detail });
}

/** Result of a search; `undefined`: no search can tell. */
type SearchOutcome = Receipt | "absent" | "ambiguous" | undefined;

async function search(client: Client, activity: Activity, context: VerbContext): Promise<SearchOutcome> {
  if (activity.verb === "post") return findPost(client, activity, context);
  return activity.verb === "send" ? findMessage(client, activity, context) : undefined;
}

async function findPost(client: Client, activity: Activity, context: VerbContext): Promise<SearchOutcome> {
  const { inReplyTo, quotes } = textsOf(activity);
  const body = textOf(activity);
  const hasAttachments = attachmentCount(activity) > 0;
  const media = client.recentRequests.find(activity.id)?.media;
  const acceptedAt = acceptedTime(activity.id);
  if (acceptedAt === undefined || (hasAttachments && media === undefined)) return undefined;
  const ownId = await client.ownId(context.signal);
  const { path, params } = await sourceOf(client, ownId, context.signal);
  const query = { ...POST_FIELDS, max_results: 100, since_id: idAt(acceptedAt) };
  const page = await client.request({ method: "GET", path, params, query, signal: context.signal }, Posts);
  const matches = (post: XPost): boolean => {
    if (hasAttachments) return hasMedia(post, media ?? []);
    const { verb, object } = postItem(post, page.includes, ownId);
    const isSameText = verb === "post" && normalize(String(object.body)) === normalize(body);
    const parent = inReplyTo && postIdOf(inReplyTo);
    return isSameText && object.inReplyTo === parent && object.quotes === (quotes && postIdOf(quotes));
  };
  const post = page.data?.find(matches);
  return post === undefined ? "absent" : postReceipt(activity, context, post.id);
}

async function findMessage(client: Client, activity: Activity, context: VerbContext): Promise<SearchOutcome> {
  const body = textOf(activity);
  const hasAttachments = attachmentCount(activity) > 0;
  const request = client.recentRequests.find(activity.id);
  const [index, ...others] = context.pending;
  const address = index === undefined ? undefined : activity.target[index]?.address;
  if (request === undefined || address === undefined || others.length > 0) return undefined;
  const ownId = await client.ownId(context.signal);
  const list = address.startsWith("conversation:") ? address : `messages:${address}`;
  const { path, params } = await sourceOf(client, list, context.signal);
  const query = { ...MESSAGE_FIELDS, max_results: 100 };
  const page = await client.request({ method: "GET", path, params, query, signal: context.signal }, Messages);
  const matches = (message: XMessage): boolean => {
    if (message.sender_id !== ownId || client.recentRequests.isAnswered(message.id)) return false;
    if (hasAttachments) return hasMedia(message, request.media);
    const { object } = messageItem(message, page.includes, ownId);
    const isNewEnough = isNewer(message.id, idAt(request.sentAt - SENT_MARGIN_MS));
    return isNewEnough && normalize(String(object.body)) === normalize(body);
  };
  const [message, ...more] = (page.data ?? []).filter(matches);
  if (message === undefined) return "absent";
  if (more.length > 0) return "ambiguous";
  const conversation = message.dm_conversation_id;
  return {
    outcomes: [{ address, status: "sent", id: message.id }],
    ...(conversation === undefined ? {} : { object: conversationsObject([`conversation:${conversation}`]) }),
  };
}

/** Returns the text as X got it. */
function textOf({ object }: Activity): string {
  return networkText(postedText(object), PLAIN_TEXT) ?? "";
}

/** Returns the object's texts by property. */
function textsOf({ object }: Activity): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}

function attachmentCount({ object: { attachments } }: Activity): number {
  return Array.isArray(attachments) ? attachments.length : 0;
}

/** Tells whether a post or message has all these media. X's media keys are a kind's number and the upload's id. */
function hasMedia({ attachments }: Pick<XPost, "attachments">, media: readonly string[]): boolean {
  const ids = new Set((attachments?.media_keys ?? []).map((key) => key.replace(/^[0-9]+_/, "")));
  return media.length > 0 && media.every((id) => ids.has(id));
}

/** Returns the activity's time from its id, a little earlier for clocks that differ. */
function acceptedTime(id: string): number | undefined {
  try {
    return decodeTime(id) - ACCEPTED_MARGIN_MS;
  } catch {
    return undefined;
  }
}

/** Removes what X changes: surrounding space, a link's scheme and closing slash, Unicode's form. */
function normalize(text: string): string {
  return text
    .normalize("NFC")
    .trim()
    .replace(/https?:\/\//g, "")
    .replace(/\/(?=\s|$)/g, "");
}
